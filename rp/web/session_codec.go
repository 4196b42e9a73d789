package web

import (
	"encoding/json"
	"fmt"
	"time"
)

// codec writes the cookie layer's data, an scs.Codec. All that the site keeps there is text, so JSON does, at a tenth of what
// a format costs that describes its types in each value.
type codec struct{}

// keptData is the form.
type keptData struct {
	Deadline int64             `json:"deadline"` // nanoseconds since 1970
	Values   map[string]string `json:"values"`
}

// Encode implements scs.Codec. A value that is not text is an error.
func (codec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	kept := keptData{Deadline: deadline.UnixNano(), Values: make(map[string]string, len(values))}
	for key, value := range values {
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("web: session data: %q is a %T; only text is kept", key, value)
		}
		kept.Values[key] = text
	}
	return json.Marshal(kept)
}

// Decode implements scs.Codec.
func (codec) Decode(data []byte) (time.Time, map[string]any, error) {
	var kept keptData
	if err := json.Unmarshal(data, &kept); err != nil {
		return time.Time{}, nil, fmt.Errorf("web: session data: %w", err)
	}
	values := make(map[string]any, len(kept.Values))
	for key, text := range kept.Values {
		values[key] = text
	}
	return time.Unix(0, kept.Deadline).UTC(), values, nil
}
