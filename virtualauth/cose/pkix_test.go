package cose_test

import (
	"bytes"
	"crypto/x509"
	"strings"
	"testing"

	mldsax509 "filippo.io/mldsa/x509"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

func TestKeysHaveASubjectPublicKeyInfo(t *testing.T) {
	for algorithm, public := range publicKeys(t) {
		key, err := cose.New(algorithm, public)
		if err != nil {
			t.Fatal(err)
		}
		der, err := key.MarshalPKIX()
		if err != nil {
			t.Errorf("%v: %v", algorithm, err)
			continue
		}
		switch algorithm {
		case cose.ES256K: // by hand, from RFC 5480 §2 and SEC 2
			want := unhex(t, "3056"+"3010"+"06072a8648ce3d0201"+"06052b8104000a"+"034200"+"04"+generator256KX+generator256KY)
			if !bytes.Equal(der, want) {
				t.Errorf("%v\n got %x\nwant %x", algorithm, der, want)
			}
		case cose.Ed448: // by hand, from RFC 8410 §4
			want := unhex(t, "3043"+"3005"+"06032b6571"+"033a00"+strings.Repeat("22", 57))
			if !bytes.Equal(der, want) {
				t.Errorf("%v\n got %x\nwant %x", algorithm, der, want)
			}
		case cose.MLDSA44, cose.MLDSA65, cose.MLDSA87:
			if got, err := mldsax509.ParsePKIXPublicKey(der); err != nil || !equal(public, got) {
				t.Errorf("%v reads as %v, %v", algorithm, got, err)
			}
		default:
			if got, err := x509.ParsePKIXPublicKey(der); err != nil || !equal(public, got) {
				t.Errorf("%v reads as %v, %v", algorithm, got, err)
			}
		}
	}
	if der, err := (cose.Key{}).MarshalPKIX(); err == nil {
		t.Errorf("the zero key has %x", der)
	}
}
