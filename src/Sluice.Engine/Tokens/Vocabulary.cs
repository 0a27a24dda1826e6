using System.Text.Json;

namespace Sluice.Engine.Tokens;

/// <summary>The model's own tokens by text and by id. Ids may have holes, each id has one text.</summary>
internal sealed class Vocabulary
{
    // Arrays are sized by the highest id; a file may leave holes, but not make a small file ask for a large array.
    private const int FreeIds = 65_536;

    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    private Vocabulary(Dictionary<string, int> ids, string?[] texts)
    {
        _ids = ids;
        _bySpan = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        Texts = texts;
    }

    /// <summary>Text by id; null for an id that has none.</summary>
    public string?[] Texts { get; }

    public IEnumerable<KeyValuePair<string, int>> Entries => _ids;

    public bool TryGet(ReadOnlySpan<char> text, out int id) => _bySpan.TryGetValue(text, out id);

    public static Vocabulary Read(JsonField field)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        int highest = -1;
        foreach ((string name, JsonField value) in field.Members())
        {
            if (value.Element.ValueKind != JsonValueKind.Number || !value.Element.TryGetInt32(out int id))
                throw field.Fault($"gives the token {Shown(name)} the id {value.Shown()}, which is no 32-bit integer");
            if (id < 0 || !ids.TryAdd(name, id))
                throw field.Fault($"gives the token {Shown(name)} {(id < 0 ? $"the id {id}, which is negative" : "twice")}");
            highest = Math.Max(highest, id);
        }

        RequireDense(field, highest, ids.Count);
        string?[] texts = new string?[highest + 1];
        foreach ((string name, int id) in ids)
        {
            if (texts[id] is string other)
                throw field.Fault($"gives the id {id} to two tokens, {Shown(other)} and {Shown(name)}");
            texts[id] = name;
        }

        return new Vocabulary(ids, texts);
    }

    /// <summary>Refuses ids so far beyond the number of tokens that arrays by id would outgrow the file.</summary>
    public static void RequireDense(JsonField field, int highest, int count)
    {
        if (highest >= 2L * count + FreeIds)
            throw field.Fault($"has the id {highest} with {count} tokens; the limit is {2L * count + FreeIds - 1}");
    }

    public static string Shown(string token) => token.Length <= 80 ? $"\"{token}\"" : $"\"{token.AsSpan(0, 80)}…\" ({token.Length} characters)";
}
