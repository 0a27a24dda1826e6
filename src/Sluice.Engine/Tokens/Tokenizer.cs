using System.Buffers;
using System.Text;

namespace Sluice.Engine.Tokens;

/// <summary>
/// Text to token ids and back, as a Hugging Face tokenizer.json says. Immutable apart from a bounded cache of words:
/// any number of threads may share one.
/// </summary>
/// <remarks>
/// A prompt arrives as segments. Template segments go through <see cref="EncodeTemplate"/>, content through <see cref="Encode(string)"/> or
/// <see cref="EncodeContinuation"/>; ids are joined, text never is, so content cannot spell a control token.
/// </remarks>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly AddedTokenMatcher _templateTokens;
    private readonly AddedTokenMatcher _templateNormalizedTokens;
    private readonly AddedTokenMatcher _plainTokens;
    private readonly AddedTokenMatcher _plainNormalizedTokens;

    private Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _templateTokens = Matcher(token => !token.Normalized);
        _templateNormalizedTokens = Matcher(token => token.Normalized);
        _plainTokens = Matcher(token => token.IsPlain && !token.Normalized);
        _plainNormalizedTokens = Matcher(token => token.IsPlain && token.Normalized);
    }

    /// <summary>One more than the highest id.</summary>
    public int VocabularySize => _parts.Decoder.Count;

    /// <summary>The token that begins a text: of tokenizer_config.json, else of the post-processor.</summary>
    public int? BosId => _parts.Control.BosId;

    /// <summary>The token that ends a text: of tokenizer_config.json, else of the post-processor.</summary>
    public int? EosId => _parts.Control.EosId;

    /// <summary>Whether a prompt begins with <see cref="BosId"/>: add_bos_token, else the post-processor. No method here adds it.</summary>
    public bool AddBos => _parts.Control.AddBos;

    /// <summary>Reads a tokenizer.json, or a model folder that holds one; of a folder, tokenizer_config.json too, where it is there.</summary>
    /// <exception cref="TokenizerFormatException">The file is missing, broken, or asks for what is not supported.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new Tokenizer(TokenizerReader.Read(path));
    }

    /// <summary>
    /// The ids of content at the start of a prompt. No special token is added, and none is recognised in the text;
    /// of the added tokens only those that abbreviate white space are found.
    /// </summary>
    /// <exception cref="ArgumentException">The text holds half a surrogate pair.</exception>
    public int[] Encode(string text) => Encode(text, PieceStart.Text, _plainTokens, _plainNormalizedTokens);

    /// <summary>As <see cref="Encode(string)"/>, for content that continues an encoded prompt: no space is put before it.</summary>
    /// <exception cref="ArgumentException">The text holds half a surrogate pair.</exception>
    public int[] EncodeContinuation(string text) => Encode(text, PieceStart.Continuation, _plainTokens, _plainNormalizedTokens);

    /// <summary>The ids of template text: added tokens in it become their ids. Never for text of a user.</summary>
    /// <param name="text">Text of a template.</param>
    /// <param name="continues">Whether it continues an encoded prompt; then no space is put before it.</param>
    /// <exception cref="ArgumentException">The text holds half a surrogate pair.</exception>
    public int[] EncodeTemplate(string text, bool continues = false) =>
        Encode(text, continues ? PieceStart.Continuation : PieceStart.Text, _templateTokens, _templateNormalizedTokens);

    /// <summary>The text of ids. Bytes that are no UTF-8 become U+FFFD; an id without a token adds nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        TokenStream stream = Stream(skipSpecial);
        ArrayBufferWriter<byte> bytes = new(4 * ids.Length + 1);
        foreach (int id in ids)
            bytes.Write(stream.Bytes(id));
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>
    /// The UTF-8 bytes an id stands for inside a text; not always whole characters. Empty where the id has no token.
    /// At the very start of a text, <see cref="Decode"/> may drop a leading space that is in these bytes.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public ReadOnlySpan<byte> TokenBytes(int id) => _parts.Decoder.Bytes(id);

    /// <summary>A decoder that takes ids one by one, for one text; one that continues a prompt keeps the space that it begins with.</summary>
    public TokenStream Stream(bool skipSpecial = true, bool continues = false) => new(_parts.Decoder, skipSpecial, continues);

    private int[] Encode(string text, PieceStart start, AddedTokenMatcher raw, AddedTokenMatcher normalized)
    {
        ArgumentNullException.ThrowIfNull(text);
        RequireWholeCharacters(text);
        List<int> ids = [];
        List<TextPiece> words = [];
        SplitAdded(text, start, raw, ids, (part, partStart) =>
        {
            if (_parts.Normalizer is not null)
                part = _parts.Normalizer.Apply(part, partStart);
            SplitAdded(part, partStart, normalized, ids, (plain, plainStart) => EncodePlain(plain, plainStart, words, ids));
        });
        return [.. ids];
    }

    /// <summary>Adds the ids of added tokens and hands what lies between to <paramref name="encode"/>.</summary>
    private static void SplitAdded(
        string text, PieceStart start, AddedTokenMatcher tokens, List<int> ids, Action<string, PieceStart> encode)
    {
        int position = 0;
        while (position < text.Length)
        {
            bool found = tokens.Find(text, position, out int from, out int to, out int id);
            if (from > position)
                encode(text[position..from], position == 0 ? start : PieceStart.AfterToken);
            if (found)
                ids.Add(id);
            position = to;
        }
    }

    private void EncodePlain(string text, PieceStart start, List<TextPiece> words, List<int> ids)
    {
        words.Clear();
        _parts.PreTokenizer.Split(text, start, words);
        foreach (TextPiece word in words)
            _parts.Model.Encode(word.Span, ids);
    }

    private static void RequireWholeCharacters(string text)
    {
        int index = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        while (index >= 0 && index < text.Length)
        {
            if (!char.IsSurrogate(text[index]))
            {
                index++;
                continue;
            }

            if (!char.IsHighSurrogate(text[index]) || index + 1 == text.Length || !char.IsLowSurrogate(text[index + 1]))
                throw new ArgumentException($"The text is not valid Unicode: half a surrogate pair, U+{(int)text[index]:X4}, at index {index}.", nameof(text));
            index += 2;
        }
    }

    private AddedTokenMatcher Matcher(Func<AddedToken, bool> wanted) => new(_parts.Added.Where(wanted).Select(token => (TextOf(token), token)));

    /// <summary>A token that is found in normalized text is looked for in its own normalized form.</summary>
    private string TextOf(AddedToken token) =>
        token.Normalized && _parts.Normalizer is not null ? _parts.Normalizer.Apply(token.Content, PieceStart.Text) : token.Content;
}
