namespace Sluice.Engine.Tokens;

/// <summary>
/// The bytes of every id, worked out once, and what happens to spaces at the start of a text. Immutable.
/// </summary>
internal sealed class TokenDecoder
{
    private readonly byte[] _bytes;
    // (ids + 1): the bytes of an id are [_offsets[id], _offsets[id + 1])
    private readonly int[] _offsets;
    private readonly bool[] _special;

    // texts: token text by id; null where an id has none
    public TokenDecoder(string?[] texts, IEnumerable<AddedToken> added, DecoderRules rules)
    {
        Rules = rules;
        _special = new bool[texts.Length];
        foreach (AddedToken token in added)
            _special[token.Id] = token.Special;

        using MemoryStream bytes = new();
        _offsets = new int[texts.Length + 1];
        for (int id = 0; id < texts.Length; id++)
        {
            if (texts[id] is string text)
                bytes.Write(rules.Bytes(text));
            _offsets[id + 1] = (int)bytes.Length;
        }

        _bytes = bytes.ToArray();
    }

    public DecoderRules Rules { get; }

    public int Count => _special.Length;

    public bool IsSpecial(int id) => id < _special.Length && _special[id];

    /// <summary>The bytes of an id; none where the id has no token.</summary>
    public ReadOnlySpan<byte> Bytes(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return id < _special.Length ? _bytes.AsSpan(_offsets[id].._offsets[id + 1]) : default;
    }
}
