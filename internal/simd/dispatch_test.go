package simd_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// TestEnvironment runs this test again in programs that are told which implementation to use.
func TestEnvironment(t *testing.T) {
	if os.Getenv("SIMD_TEST_CHILD") != "" {
		if _, err := os.Stdout.WriteString("uses " + simd.Implementation() + "."); err != nil {
			t.Fatal(err)
		}
		return
	}
	best := simd.Implementation()
	lesser := best
	if best == "avx512" {
		lesser = "avx2"
	}
	cases := []struct{ value, want, reason string }{
		{"purego", "purego", "every machine can do without assembly"},
		{"avx2", lesser, "what the best includes can be chosen, a name that the processor lacks is ignored"},
		{"avx512", best, "the name of the best changes nothing, a name that the processor lacks is ignored"},
		{"no-such", best, "an unknown name is ignored"},
		{"", best, "empty is not set"},
	}
	for _, c := range cases {
		child := exec.Command(os.Args[0], "-test.run=^TestEnvironment$", "-test.v")
		child.Env = append(os.Environ(), "SIMD_TEST_CHILD=1", "VICINAL_SIMD="+c.value)
		out, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "uses "+c.want+".") {
			t.Errorf("VICINAL_SIMD=%q: %v, %s; want %s: %s", c.value, err, out, c.want, c.reason)
		}
	}
}
