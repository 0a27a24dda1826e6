namespace Sluice.Engine.Tokens;

/// <summary>Reads the <c>model</c> of a tokenizer file.</summary>
internal static class ModelReader
{
    private const char Mark = '\u2581';
    private const int MostCharactersPerWord = 10_000;

    public static WordModel Read(JsonField field, Vocabulary vocabulary, bool byteLevel)
    {
        string type = field.Text("type", field.Optional("merges", out _) ? "BPE" : "");
        return type switch
        {
            "BPE" => ReadBpe(field, vocabulary, byteLevel),
            "WordPiece" when !byteLevel => ReadWordPiece(field, vocabulary),
            "" => throw field.Fault("has no type"),
            _ => throw field.Required("type").Unsupported(byteLevel ? "only BPE goes with ByteLevel here" : "no such model is known here"),
        };
    }

    private static WordModel ReadBpe(JsonField field, Vocabulary vocabulary, bool byteLevel)
    {
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (field.Text(affix, "").Length > 0)
                throw field.Required(affix).Unsupported("affixes of BPE tokens are not supported");
        }

        if (field.Optional("dropout", out JsonField dropout) && !(dropout.Element.TryGetDouble(out double rate) && rate == 0))
            throw dropout.Unsupported("merges dropped by chance are not supported");

        BpeMerger merger = new(ReadMerges(field.Required("merges"), vocabulary, out bool splitsAtMarks));
        UnknownToken? unknown = field.Optional("unk_token", out JsonField token)
            ? new UnknownToken(Known(token, vocabulary), field.Flag("fuse_unk", false))
            : null;
        bool ignoreMerges = field.Flag("ignore_merges", false);
        return byteLevel
            ? new ByteLevelBpe(vocabulary, merger, unknown, ignoreMerges)
            : new CharacterBpe(vocabulary, merger, unknown, ignoreMerges, field.Flag("byte_fallback", false), splitsAtMarks);
    }

    private static WordPieceModel ReadWordPiece(JsonField field, Vocabulary vocabulary)
    {
        int longest = field.Number("max_input_chars_per_word", 100);
        if (longest is < 1 or > MostCharactersPerWord)
            throw field.Required("max_input_chars_per_word").Unsupported($"it must be 1 to {MostCharactersPerWord}");
        return new WordPieceModel(
            vocabulary, Known(field.Required("unk_token"), vocabulary), field.Text("continuing_subword_prefix", "##"), longest);
    }

    private static int Known(JsonField token, Vocabulary vocabulary) =>
        vocabulary.TryGet(token.Text(), out int id) ? id : throw token.Unsupported("the vocabulary has no such token");

    private static PairTable ReadMerges(JsonField field, Vocabulary vocabulary, out bool splitsAtMarks)
    {
        List<(string Left, string Right)> merges = [];
        foreach (JsonField merge in field.Items())
            merges.Add(ReadMerge(merge));

        splitsAtMarks = true;
        PairTable table = new(merges.Count);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (string left, string right) = merges[rank];
            table.Set(Part(left), Part(right), rank, Part(left + right));
            splitsAtMarks &= !right.StartsWith(Mark) || left.EndsWith(Mark);

            int Part(string text) => vocabulary.TryGet(text, out int id)
                ? id
                : throw field.Fault($"[{rank}] joins {Vocabulary.Shown(left)} and {Vocabulary.Shown(right)}, and the vocabulary has no {Vocabulary.Shown(text)}");
        }

        return table;
    }

    private static (string Left, string Right) ReadMerge(JsonField merge)
    {
        string[] parts = merge.Element.ValueKind == System.Text.Json.JsonValueKind.Array
            ? [.. merge.Items().Select(part => part.Text())]
            : merge.Text().Split(' ');
        return parts.Length == 2 && parts[0].Length > 0 && parts[1].Length > 0
            ? (parts[0], parts[1])
            : throw merge.Unsupported("a merge is two tokens");
    }
}
