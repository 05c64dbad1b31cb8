package pkcs11uri_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/sign/kms/pkcs11uri"
)

func TestParse(t *testing.T) {
	u, err := pkcs11uri.Parse("token=My%20Token;slot-id=7;id=%01%ff;object=k1;type=private?module-path=/usr/lib/m.so&pin-source=file:/run/pin")
	if err != nil {
		t.Fatal(err)
	}
	if u.Token != "My Token" || *u.Slot != 7 || string(u.ID) != "\x01\xff" || u.Object != "k1" || u.Module != "/usr/lib/m.so" || u.PINFile != "/run/pin" {
		t.Errorf("%+v", u)
	}
	for _, same := range []string{"pkcs11:token=T;object=k", "//token=T;object=k", "pkcs11://token=T;object=k", "token=T;object=k"} {
		if u, err := pkcs11uri.Parse(same); err != nil || u.Token != "T" || u.Object != "k" {
			t.Errorf("%s: %+v, %v", same, u, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for uri, says := range map[string]string{
		"":                                            "no token",
		"object=k":                                    "no token",
		"token=T":                                     "no key",
		"token=T;object=k;object=l":                   "twice",
		"token=T;object=k?pin-value=123456":           "pin-source",
		"token=T;object=k?module-path=lib/m.so":       "absolute",
		"token=T;object=k;manufacturer=X":             "not known",
		"token=T;object=k?module-name=m":              "not known",
		"token=T;object=%zz":                          "readable",
		"token=T;object=":                             "readable",
		"token=T;object=k;slot-id=-1":                 "number",
		"token=T;object=k;type=cert":                  "private",
		"token=T;object=" + strings.Repeat("k", 5000): "bytes",
	} {
		_, err := pkcs11uri.Parse(uri)
		if !errors.Is(err, pkcs11uri.ErrURI) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: %v, want it to say %q", uri, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "123456") {
			t.Errorf("the error tells the PIN: %v", err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("pkcs11:token=T;object=k?module-path=/m.so")
	f.Add("//id=%01;slot-id=0?pin-source=file:/p")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := pkcs11uri.Parse(s)
		if err == nil && (u.Object == "" && len(u.ID) == 0 || u.Token == "" && u.Serial == "" && u.Slot == nil) {
			t.Errorf("%q names no key: %+v", s, u)
		}
	})
}
