using System.Text.Json;
using Sluice.Engine.Tokens;

namespace Sluice.Tuning.Tokens;

/// <summary>Writes a byte-level BPE as <c>tokenizer.json</c>: control tokens first, then the 256 bytes, then one token per merge.</summary>
internal static class TokenizerWriter
{
    /// <returns>The vocabulary's size.</returns>
    public static int Write(string path, IReadOnlyList<string> control, IReadOnlyList<(string Left, string Right)> merges)
    {
        List<string> tokens = [.. control, .. Enumerable.Range(0, 256).Select(b => ByteLevelAlphabet.CharOf((byte)b).ToString())];
        HashSet<string> known = [.. tokens];
        tokens.AddRange(merges.Select(m => m.Left + m.Right).Where(known.Add));
        using FileStream stream = File.Create(path);
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteString("version", "1.0");
        writer.WriteNull("truncation");
        writer.WriteNull("padding");
        writer.WriteStartArray("added_tokens");
        for (int id = 0; id < control.Count; id++)
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", id);
            writer.WriteString("content", control[id]);
            foreach (string flag in (string[])["single_word", "lstrip", "rstrip", "normalized"])
            {
                writer.WriteBoolean(flag, false);
            }
            writer.WriteBoolean("special", true);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteNull("normalizer");
        writer.WritePropertyName("pre_tokenizer");
        writer.WriteRawValue("""{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}""");
        writer.WriteNull("post_processor");
        writer.WritePropertyName("decoder");
        writer.WriteRawValue("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}""");
        writer.WriteStartObject("model");
        writer.WriteString("type", "BPE");
        writer.WriteNull("dropout");
        writer.WriteNull("unk_token");
        writer.WriteNull("continuing_subword_prefix");
        writer.WriteNull("end_of_word_suffix");
        writer.WriteBoolean("fuse_unk", false);
        writer.WriteBoolean("byte_fallback", false);
        writer.WriteStartObject("vocab");
        for (int id = 0; id < tokens.Count; id++)
        {
            writer.WriteNumber(tokens[id], id);
        }
        writer.WriteEndObject();
        writer.WriteStartArray("merges");
        foreach ((string left, string right) in merges)
        {
            writer.WriteStringValue($"{left} {right}");
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
        return tokens.Count;
    }
}
