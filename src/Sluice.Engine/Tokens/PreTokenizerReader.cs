namespace Sluice.Engine.Tokens;

/// <summary>Reads the <c>pre_tokenizer</c> of a tokenizer file.</summary>
internal sealed class PreTokenizerReader
{
    private readonly List<PreTokenizerStep> _steps = [];

    /// <summary>Whether the words go to the model as bytes.</summary>
    public bool ByteLevel { get; private set; }

    public PreTokenizer Build() => new(_steps);

    public void Read(JsonField field)
    {
        JsonField type = field.Required("type");
        if (ByteLevel)
            throw type.Unsupported("nothing may follow ByteLevel");
        switch (type.Text())
        {
            case "Sequence":
                foreach (JsonField step in field.Required("pretokenizers").Items())
                    Read(step);
                break;
            case "ByteLevel":
                ByteLevel = true;
                _steps.Add(new ByteLevelStep(field.Flag("add_prefix_space", true), field.Flag("use_regex", true)));
                break;
            case "Split":
                _steps.Add(new SplitStep(Pattern(field.Required("pattern")), Behavior(field.Required("behavior")), field.Flag("invert", false)));
                break;
            case "Digits":
                int most = field.Flag("individual_digits", false) ? 1 : int.MaxValue;
                Isolate(new ClassRunPattern(CharClass.Number, most));
                break;
            case "Punctuation":
                SplitBehavior behavior = field.Optional("behavior", out JsonField named) ? Behavior(named) : SplitBehavior.Isolated;
                _steps.Add(new SplitStep(new PunctuationPattern(), behavior, invert: false));
                break;
            case "Metaspace":
                _steps.Add(Metaspace(field));
                break;
            case "BertPreTokenizer":
                Remove(new ClassRunPattern(CharClass.Space, most: int.MaxValue));
                Isolate(new PunctuationPattern());
                break;
            case "WhitespaceSplit":
                Remove(new ClassRunPattern(CharClass.Space, most: int.MaxValue));
                break;
            case "Whitespace":
                _steps.Add(new SplitStep(new WordOrSymbolPattern(), SplitBehavior.Removed, invert: true));
                break;
            default:
                throw type.Unsupported("no such pre-tokenizer is known here");
        }
    }

    private void Isolate(TextPattern pattern) => _steps.Add(new SplitStep(pattern, SplitBehavior.Isolated, invert: false));

    private void Remove(TextPattern pattern) => _steps.Add(new SplitStep(pattern, SplitBehavior.Removed, invert: false));

    private static TextPattern Pattern(JsonField field)
    {
        if (!field.Optional("Regex", out JsonField regex))
            return new LiteralPattern(NormalizerReader.Literal(field));
        return KnownPatterns.TryFind(regex.Text(), out TextPattern? pattern)
            ? pattern!
            : throw regex.Fault($"is a pattern with no scanner here, and patterns out of files are not run: {regex.Text()}");
    }

    private static SplitBehavior Behavior(JsonField field) => field.Text() switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        _ => throw field.Unsupported("no such behavior is known here"),
    };

    private static MetaspaceStep Metaspace(JsonField field)
    {
        string mark = field.Text("replacement", "\u2581");
        if (mark.Length != 1)
            throw field.Required("replacement").Unsupported("it must be one basic-plane character");

        // Older files say add_prefix_space, newer ones prepend_scheme.
        MetaspacePrepend prepend = field.Flag("add_prefix_space", true) ? MetaspacePrepend.Always : MetaspacePrepend.Never;
        if (field.Optional("prepend_scheme", out JsonField scheme))
        {
            prepend = scheme.Text() switch
            {
                "always" => MetaspacePrepend.Always,
                "first" => MetaspacePrepend.First,
                "never" => MetaspacePrepend.Never,
                _ => throw scheme.Unsupported("it must be always, first or never"),
            };
        }

        return new MetaspaceStep(mark[0], prepend, field.Flag("split", true));
    }
}
