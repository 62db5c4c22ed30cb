package main

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/vicinaldb/store/internal/fashionmnist"
)

// Measures of the sheet in pixels.
const (
	scale   = 3                         // of an image
	picture = scale * fashionmnist.Side // a drawn image's side
	frame   = 3                         // around an image, colored by whether the label is right
	text    = 18                        // height of the label below
	gap     = 8
	cellX   = picture + 2*frame + gap
	cellY   = picture + 2*frame + text + gap
	split   = 3 * gap // between the query and what was found
)

var (
	paper  = color.Gray{Y: 255}
	ink    = color.Gray{Y: 40}
	asked  = color.RGBA{R: 60, G: 60, B: 60, A: 255}
	right  = color.RGBA{R: 80, G: 170, B: 90, A: 255}
	differ = color.RGBA{R: 225, G: 120, B: 40, A: 255}
)

// drawSheet writes a PNG with a row for each answer: the image asked for, then its nearest. A green frame says that
// the label is the same, an orange one that it is not.
func drawSheet(path string, answers []answer) (err error) {
	sheet := image.NewRGBA(image.Rect(0, 0, gap+split+(1+neighbors)*cellX, gap+len(answers)*cellY))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	for row, a := range answers {
		corner := image.Pt(gap, gap+row*cellY)
		label, _ := a.query.Metadata["label"].(string)
		drawCell(sheet, corner, a.query.Payload, label, asked)
		corner.X += split
		for _, r := range a.nearest {
			corner.X += cellX
			name, _ := r.Metadata["label"].(string)
			border := right
			if name != label {
				border = differ
			}
			drawCell(sheet, corner, r.Payload, name, border)
		}
	}

	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return png.Encode(file, sheet)
}

// drawCell draws one image, enlarged and dark on light, with its frame and its label below.
func drawCell(sheet draw.Image, corner image.Point, pixels []byte, label string, border color.Color) {
	outer := image.Rect(0, 0, picture+2*frame, picture+2*frame).Add(corner)
	draw.Draw(sheet, outer, image.NewUniform(border), image.Point{}, draw.Src)
	for y := range picture {
		for x := range picture {
			gray := color.Gray{Y: 255 - pixels[y/scale*fashionmnist.Side+x/scale]}
			sheet.Set(corner.X+frame+x, corner.Y+frame+y, gray)
		}
	}
	pen := font.Drawer{Dst: sheet, Src: image.NewUniform(ink), Face: basicfont.Face7x13}
	pen.Dot = fixed.P(corner.X+(outer.Dx()-pen.MeasureString(label).Round())/2, outer.Max.Y+13)
	pen.DrawString(label)
}
