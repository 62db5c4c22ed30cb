package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// sparseMatrix writes a Matrix Market file of random rows over 50 features.
func sparseMatrix(t *testing.T, seed uint64, rows int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	var entries []string
	for row := 1; row <= rows; row++ {
		for feature := 1; feature <= 50; feature += 1 + random.IntN(9) {
			entries = append(entries, fmt.Sprintf("%d %d %.4f", row, feature, 0.1+random.Float64()))
		}
	}
	head := fmt.Sprintf("%%%%MatrixMarket matrix coordinate real general\n%d 50 %d\n", rows, len(entries))
	return write(t, "sparse.mtx", head+strings.Join(entries, "\n")+"\n")
}

// packedBits writes a .npy file of random rows of so many bytes.
func packedBits(t *testing.T, seed uint64, rows, columns int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	head := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d), }", rows, columns)
	head += strings.Repeat(" ", 63-(10+len(head))%64) + "\n"
	file := append([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(head)))...)
	file = append(file, head...)
	for range rows * columns {
		file = append(file, byte(random.Uint32()))
	}
	return write(t, "bits.npy", string(file))
}

func TestSparseCollection(t *testing.T) {
	path, file := t.TempDir()+"/store", sparseMatrix(t, 1, 300)
	succeed(t, "import", path, "words", file, "--metric", "cosine", "--prepare")
	if got := succeed(t, "info", path, "words"); !strings.Contains(got, "sparse") || !strings.Contains(got, "300") {
		t.Errorf("info says %s", got)
	}
	answer := succeed(t, "query", path, "words", "--file", file, "-k", "1")
	for row := range 300 {
		if want := fmt.Sprintf("query %d\nrank  id", row); !strings.Contains(answer, want) {
			t.Fatalf("no answer to query %d", row)
		}
	}
	if got := succeed(t, "query", path, "words", "--vector", `{"indices": [0, 9], "values": [1, 0.5]}`, "-k", "3"); strings.Count(got, "\n") != 4 {
		t.Errorf("3 results are %s", got)
	}
	refuse(t, "feature", "query", path, "words", "--vector", `{"indices": [50], "values": [1]}`)
	refuse(t, "dense vectors of 3 dimensions", "import", path, "words", write(t, "dense.fvecs", fvecs(2, 3, func() float32 { return 1 })))
	refuse(t, "not manhattan", "import", path, "words", file, "--metric", "manhattan")
	refuse(t, "it must be given with --dim\n", "import", path, "lines", write(t, "a.jsonl", `{"indices": [0], "values": [1]}`))
}

func TestBitsCollection(t *testing.T) {
	path, file := t.TempDir()+"/store", packedBits(t, 1, 200, 5)
	succeed(t, "import", path, "flags", file, "--kind", "bits", "--metric", "bit_jaccard", "--prepare")
	if got := succeed(t, "info", path); !strings.Contains(got, "bits  40   bit_jaccard") {
		t.Errorf("info says %s", got)
	}
	ones := "[" + strings.Repeat("1,", 39) + "1]"
	if got := succeed(t, "query", path, "flags", "--vector", ones, "-k", "2"); strings.Count(got, "\n") != 3 {
		t.Errorf("2 results are %s", got)
	}
	refuse(t, "3 bits are given", "query", path, "flags", "--vector", "[1,0,1]")
	refuse(t, "bit 0 is 2", "query", path, "flags", "--vector", "[2"+ones[2:])
}

func TestParams(t *testing.T) {
	path, file := t.TempDir()+"/store", randomVectors(t, 1, 100, 4)
	succeed(t, "import", path, "c", file, "--metric", "minkowski", "--params", `{"p": 3}`)
	if got := succeed(t, "info", path, "c"); !strings.Contains(got, `minkowski {"p":3}`) {
		t.Errorf("info says %s", got)
	}
	succeed(t, "import", path, "c", file, "--params", `{"p": 3}`)
	refuse(t, "other parameters", "import", path, "c", file, "--params", `{"p": 2}`)
	refuse(t, "--params", "import", path, "c", file, "--params", `{"q": 2}`)
	refuse(t, "something follows the first 8 bytes", "import", path, "c", file, "--params", `{"p": 3}{"p": 4}`)
	refuse(t, "sigma", "import", path, "other", file, "--metric", "seuclidean")
}

// Recall is 1 where all rows are compared, for every kind, with a truth that was computed by the same bench.
func TestBenchKinds(t *testing.T) {
	for name, args := range map[string][]string{
		"sparse": {"--base", sparseMatrix(t, 1, 200), "--queries", sparseMatrix(t, 2, 20), "--metric", "hellinger"},
		"bits":   {"--base", packedBits(t, 1, 200, 6), "--queries", packedBits(t, 2, 20, 6), "--kind", "bits"},
		"params": {"--base", randomVectors(t, 1, 200, 5), "--queries", randomVectors(t, 2, 20, 5), "--metric", "jensen-shannon", "--params", `{"proxy": "hellinger"}`},
	} {
		for _, step := range steps(t, append(args, "--queries-limit", "15", "--epsilon", "0.1")...)[4:] {
			if step["recall"] != 1.0 {
				t.Errorf("%s: recall is %v", name, step["recall"])
			}
		}
	}
}

func TestBenchGraph(t *testing.T) {
	args := []string{"bench", "--json", "--graph", "--graph-sample", "50", "--neighbors", "10"}
	for name, more := range map[string][]string{
		"dense":  {"--base", randomVectors(t, 1, 900, 4), "--queries", randomVectors(t, 2, 5, 4)},
		"sparse": {"--base", sparseMatrix(t, 1, 300)},
		"bits":   {"--base", packedBits(t, 1, 300, 6), "--kind", "bits"},
	} {
		var step graphStep
		if err := json.Unmarshal([]byte(succeed(t, append(args, more...)...)), &step); err != nil {
			t.Fatal(err)
		}
		if step.Step != "graph" || step.Recall < 0.98 || step.Recall > 1 || step.Sample != 50 || step.Neighbors != 10 {
			t.Errorf("%s: %+v", name, step)
		}
	}
	refuse(t, "dense ones of 3", "bench", "--graph", "--base", randomVectors(t, 1, 9, 4), "--queries", randomVectors(t, 2, 5, 3))
	refuse(t, "cannot be judged", "bench", "--graph", "--base", randomVectors(t, 1, 1, 4), "--queries", randomVectors(t, 2, 5, 4))
}

// What is asked for and what came of it is in info.
func TestCodec(t *testing.T) {
	path, file := t.TempDir()+"/store", randomVectors(t, 1, 300, 20)
	succeed(t, "import", path, "c", file, "--codec", "float16", "--prepare")
	if got := succeed(t, "info", path, "c"); !strings.Contains(got, "float16; ") || !strings.Contains(got, "candidates are ranked by their vectors") {
		t.Errorf("info says %s", got)
	}
	var skewed strings.Builder
	for i := range 300 {
		fmt.Fprintf(&skewed, `{"vector": [%d`, 1000+i)
		for j := range 63 {
			fmt.Fprintf(&skewed, ", %d.5", (i+1)*(j+3)*(j+7)%11)
		}
		skewed.WriteString("]}\n")
	}
	succeed(t, "import", path, "skewed", write(t, "skewed.jsonl", skewed.String()), "--codec", "uint8", "--prepare")
	if got := succeed(t, "info", path, "skewed"); !strings.Contains(got, "uint8 of rotated vectors") {
		t.Errorf("info says %s", got)
	}
	large := write(t, "large.jsonl", `{"vector": [1, 70000, 2]}`+"\n"+`{"vector": [1, 0, 2]}`+"\n")
	succeed(t, "import", path, "large", large, "--codec", "float16", "--prepare")
	if got := succeed(t, "info", path, "large"); !strings.Contains(got, "float32; float16 was asked for, but a component is larger than any") {
		t.Errorf("info says %s", got)
	}
}
