namespace Sluice.Engine.Tokens;

/// <summary>
/// The bytes of every id, worked out once, and what happens to spaces at the start of a text. Immutable.
/// </summary>
internal sealed class TokenDecoder
{
    // Far above any real token and vocabulary; a few replacements could ask for any number otherwise.
    private const int MostTokenBytes = 1 << 20;
    private const int MostBytes = 1 << 26;

    private readonly byte[] _bytes;
    // (ids + 1): the bytes of an id are [_offsets[id], _offsets[id + 1])
    private readonly int[] _offsets;
    private readonly bool[] _special;

    /// <param name="texts">Token text by id; null where an id has none.</param>
    /// <param name="added">Added tokens, which are among the texts.</param>
    /// <param name="rules">What becomes of a text.</param>
    /// <param name="field">Where the rules stand, for the complaint.</param>
    /// <exception cref="TokenizerFormatException">A token, or all together, come to too many bytes.</exception>
    public TokenDecoder(string?[] texts, IEnumerable<AddedToken> added, DecoderRules rules, JsonField field)
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
            {
                byte[]? own = rules.Bytes(text, MostTokenBytes);
                if (own is null || own.Length > MostTokenBytes)
                    throw field.Fault($"makes more than {MostTokenBytes} bytes of the token {Vocabulary.Shown(text)}");
                bytes.Write(own);
                if (bytes.Length > MostBytes)
                    throw field.Fault($"makes more than {MostBytes} bytes of all tokens");
            }

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
