using System.Buffers;
using System.Text;

namespace Sluice.Engine.Tokens;

/// <summary>
/// Decodes token by token. The pieces, joined, are what <see cref="Tokenizer.Decode"/> gives for all the ids; no piece holds half
/// a character: bytes of an unfinished one wait for the rest. Bytes that are no UTF-8 become U+FFFD.
/// For one thread and one text.
/// </summary>
public sealed class TokenStream
{
    private const byte Space = (byte)' ';

    private readonly TokenDecoder _decoder;
    private readonly bool _skipSpecial;
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();
    private int _leadingSpaces;
    private bool _flushed;

    internal TokenStream(TokenDecoder decoder, bool skipSpecial, bool continues)
    {
        _decoder = decoder;
        _skipSpecial = skipSpecial;
        _leadingSpaces = continues ? 0 : decoder.Rules.LeadingSpaces;
    }

    /// <summary>Takes the next id and returns the text that became complete; often a word, sometimes nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    /// <exception cref="InvalidOperationException">The stream was flushed.</exception>
    public string Push(int id)
    {
        if (_flushed)
            throw new InvalidOperationException("The stream was flushed; a new text needs a new stream.");
        return Text(Bytes(id), flush: false);
    }

    /// <summary>Ends the text: returns U+FFFD where the last character stayed unfinished, else nothing.</summary>
    public string Flush()
    {
        _flushed = true;
        return Text([], flush: true);
    }

    /// <summary>The bytes that an id adds to the text, in this place of it.</summary>
    internal ReadOnlySpan<byte> Bytes(int id)
    {
        ReadOnlySpan<byte> bytes = _decoder.Bytes(id);
        if (bytes.IsEmpty || (_skipSpecial && _decoder.IsSpecial(id)))
            return default;

        int dropped = 0;
        while (_leadingSpaces > 0 && dropped < bytes.Length && bytes[dropped] == Space)
        {
            dropped++;
            _leadingSpaces--;
        }

        if (dropped < bytes.Length || _decoder.Rules.OnlyInFirstToken)
            _leadingSpaces = 0;
        return bytes[dropped..];
    }

    private string Text(ReadOnlySpan<byte> bytes, bool flush)
    {
        // Up to three bytes may be waiting from before.
        int most = Encoding.UTF8.GetMaxCharCount(bytes.Length + 3);
        char[] chars = ArrayPool<char>.Shared.Rent(most);
        int count = _utf8.GetChars(bytes, chars, flush);
        string text = count == 0 ? "" : new string(chars, 0, count);
        ArrayPool<char>.Shared.Return(chars);
        return text;
    }
}
