namespace Sluice.Engine.Tokens;

/// <summary>Reads the <c>decoder</c> of a tokenizer file.</summary>
internal sealed class DecoderReader
{
    private readonly DecoderRules _rules = new();
    // Whether the steps so far have turned tokens into their final bytes, and joined them into one text.
    private bool _final;
    private bool _fused;

    /// <summary>The rules of a file without a decoder: tokens are words with a space between.</summary>
    public static DecoderRules None => new() { SpaceBefore = true, LeadingSpaces = 1, OnlyInFirstToken = true };

    public static DecoderRules Read(JsonField field)
    {
        DecoderReader reader = new();
        reader.Step(field);
        return reader._rules;
    }

    private void Step(JsonField field)
    {
        JsonField type = field.Required("type");
        switch (type.Text())
        {
            case "Sequence":
                foreach (JsonField step in field.Required("decoders").Items())
                    Step(step);
                break;
            case "Replace" when !_final:
                _rules.Replacements.Add((NormalizerReader.Literal(field.Required("pattern")), field.Required("content").Text()));
                break;
            case "ByteFallback" when !_final:
                _rules.ByteFallback = _final = true;
                break;
            case "Fuse":
                _final = _fused = true;
                break;
            case "Strip" when _fused && field.Required("content").Text() == " " && field.Required("stop").Number() == 0:
                _rules.LeadingSpaces = field.Required("start").Number();
                if (_rules.LeadingSpaces < 0)
                    throw field.Required("start").Unsupported("it must not be negative");
                break;
            case "ByteLevel" when !_final && _rules.Replacements.Count == 0:
                _rules.ByteLevel = _final = true;
                break;
            case "Metaspace" when !_final:
                _rules.Replacements.Add((field.Text("replacement", "\u2581"), " "));
                _rules.LeadingSpaces = Prepends(field) ? int.MaxValue : 0;
                _rules.OnlyInFirstToken = _final = true;
                break;
            case "WordPiece" when !_final:
                _rules.SpaceBefore = _rules.OnlyInFirstToken = _final = true;
                _rules.LeadingSpaces = 1;
                _rules.ContinuingPrefix = field.Text("prefix", "##");
                _rules.CleanUp = field.Flag("cleanup", true);
                break;
            default:
                throw type.Unsupported("no such decoder is known here, or not in this place and form");
        }
    }

    private static bool Prepends(JsonField field) => field.Optional("prepend_scheme", out JsonField scheme)
        ? scheme.Text() != "never"
        : field.Flag("add_prefix_space", true);
}
