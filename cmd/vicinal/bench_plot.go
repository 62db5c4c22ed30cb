package main

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// plotCurve draws recall against queries per second, a point for each epsilon.
// The format is that of the file's extension.
func plotCurve(path, title string, curve []queryStep) error {
	points := make(plotter.XYs, len(curve))
	names := make([]string, len(curve))
	for i, step := range curve {
		points[i] = plotter.XY{X: step.Recall, Y: step.QPS}
		names[i] = "epsilon " + epsilonText(step.Epsilon)
	}
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "recall"
	p.Y.Label.Text = "queries per second"
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = plot.TickerFunc(logTicks)
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: points, Labels: names})
	if err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	labels.Offset = vg.Point{X: vg.Points(5), Y: vg.Points(5)}
	p.Add(plotter.NewGrid(), line, dots, labels)
	margins(p)
	return p.Save(20*vg.Centimeter, 14*vg.Centimeter, path)
}

// logTicks marks the multiples of powers of ten, and names the first, second and
// fifth: a curve often spans less than one decade.
func logTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
		for digit := 1.0; digit < 10; digit++ {
			tick := plot.Tick{Value: digit * power}
			if digit == 1 || digit == 2 || digit == 5 {
				tick.Label = strconv.FormatFloat(tick.Value, 'f', -1, 64)
			}
			if tick.Value >= low && tick.Value <= high {
				ticks = append(ticks, tick)
			}
		}
	}
	return ticks
}

// margins leaves room around the points, which a log scale and the labels need even when all lie on one another.
func margins(p *plot.Plot) {
	width := max(p.X.Max-p.X.Min, 0.01)
	p.X.Min, p.X.Max = p.X.Min-0.05*width, p.X.Max+0.2*width
	p.Y.Min, p.Y.Max = p.Y.Min/1.2, p.Y.Max*1.2
}
