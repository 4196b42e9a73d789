package virtualauth

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// fill sets everything in v to something that is not zero, each to something else.
func fill(t *testing.T, v reflect.Value, n *byte) {
	t.Helper()
	if !v.CanSet() { // an unexported field
		v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
	}
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 12, 0, int(*n), int(*n), time.UTC)))
		return
	case uuid.UUID:
		v.Set(reflect.ValueOf(uuid.UUID{*n}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.String:
		v.SetString("text " + string('a'+rune(*n%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint, reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		t.Fatalf("no value for a %v: add one here, and to stored", v.Type())
	}
}

// A field that is added to Credential or record and not to stored would be lost at the next restart: this test finds it.
func TestEveryFieldOfARecordIsStored(t *testing.T) {
	var full record
	var n byte
	fill(t, reflect.ValueOf(&full.Credential).Elem(), &n)
	for i, record := 0, reflect.ValueOf(&full).Elem(); i < record.NumField(); i++ {
		if name := record.Type().Field(i).Name; name != "Credential" && name != "place" {
			fill(t, record.Field(i), &n)
		}
	}
	full.sequence = 77
	for _, r := range []record{full, {Credential: Credential{ID: []byte{1}}, handle: []byte{2}}} {
		value, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeRecord(value)
		if err != nil || !reflect.DeepEqual(*again, r) {
			t.Errorf("%v\n got %+v\nwant %+v", err, again, r)
		}
	}
}

func TestEverySettingIsStored(t *testing.T) {
	var full storedSettings
	var n byte
	fill(t, reflect.ValueOf(&full).Elem(), &n)
	full.Version = storedVersion
	value, err := encodeSettings(full)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := decodeSettings(value); err != nil || !reflect.DeepEqual(again, full) {
		t.Errorf("%v\n got %+v\nwant %+v", err, again, full)
	}
}

// Files of today must be read by later versions.
func TestTheFormOfStoredRecordsStays(t *testing.T) {
	const want = "b101010218630341aa0442bbbb056d6c6f67696e2e6578616d706c6506654c6f67696e074101086361646109634164610af50b260c41a00d050ef5" +
		"0ff5104f010000000ee136214000000000ffff114f010000000ee136214100000000ffff"
	r := record{
		Credential: Credential{
			ID: []byte{0xaa}, RPID: "login.example", RPName: "Login", UserHandle: []byte{1}, UserName: "ada", UserDisplayName: "Ada",
			Discoverable: true, Algorithm: cose.ES256, PublicKey: []byte{0xa0}, SignCount: 5, BackupEligible: true, BackupState: true,
			CreatedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), LastUsedAt: time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC),
		},
		handle: []byte{0xbb, 0xbb}, place: place{sequence: 99},
	}
	got, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	if hex.EncodeToString(got) != want {
		t.Errorf("got %x", got)
	}
}

func TestValuesThatNobodyHasWrittenAreUnreadable(t *testing.T) {
	edited := func(edit func(*stored)) []byte {
		s := stored{Version: storedVersion, ID: []byte{1}, Handle: []byte{2}}
		edit(&s)
		value, err := ctap2.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	for name, c := range map[string]struct {
		value []byte
		want  error
	}{
		"as it should be": {edited(func(*stored) {}), nil},
		"nothing":         {nil, ErrUnreadable},
		"text":            {[]byte("ada"), ErrUnreadable},
		"a later version": {edited(func(s *stored) { s.Version++ }), ErrUnreadable},
		"no creation":     {edited(func(s *stored) { s.CreatedAt = []byte{9} }), ErrUnreadable},
		"no last use":     {edited(func(s *stored) { s.LastUsedAt = []byte{9} }), ErrUnreadable},
	} {
		if _, err := decodeRecord(c.value); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzDecodeRecord(f *testing.F) {
	full := record{
		Credential: Credential{ID: []byte{1}, RPID: "login.example", UserName: "ada", SignCount: 5, CreatedAt: time.Unix(1_800_000_000, 0)},
		handle:     []byte{2},
	}
	value, err := full.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(value)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := decodeRecord(value)
		if err != nil {
			return
		}
		again, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		second, err := decodeRecord(again)
		if err != nil {
			t.Fatal(err)
		}
		if third, err := second.encode(); err != nil || !bytes.Equal(again, third) {
			t.Errorf("%v: %x became %x", err, again, third)
		}
	})
}

func FuzzDecodeSettings(f *testing.F) {
	value, err := encodeSettings(storedSettings{
		Settings: settings{PINHash: make([]byte, 16), MinPINLengthRPIDs: []string{"login.example"}}, Changes: 3,
		Storage: storage{Blobs: []byte{0x80}, Fingers: []Finger{{Name: "index", TemplateID: []byte{1}}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(value)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, value []byte) {
		s, err := decodeSettings(value)
		if err != nil {
			return
		}
		again, err := encodeSettings(s)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := decodeSettings(again); err != nil {
			t.Errorf("what was read and written cannot be read again: %v, %+v", err, second)
		}
	})
}
