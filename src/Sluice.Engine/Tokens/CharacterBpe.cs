using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sluice.Engine.Tokens;

/// <summary>Byte-pair encoding over characters, as SentencePiece has it; with byte fallback, unknown characters become byte tokens.</summary>
internal sealed class CharacterBpe : WordModel
{
    private const char Mark = '\u2581';
    private const int OnStack = 256;

    private readonly BpeMerger _merger;
    private readonly UnknownToken? _unknown;
    private readonly Vocabulary _vocabulary;
    private readonly bool _ignoreMerges;
    private readonly bool _splitsAtMarks;
    // Ids of the single characters of the vocabulary, by code point.
    private readonly Dictionary<int, int> _characterIds = [];
    // Ids of <0x00> to <0xFF>, -1 where missing; null without byte fallback.
    private readonly int[]? _byteIds;

    // splitsAtMarks: no merge joins a mark (▁) to what stands before it. Text then falls apart there without changing a single id.
    public CharacterBpe(
        Vocabulary vocabulary, BpeMerger merger, UnknownToken? unknown, bool ignoreMerges, bool byteFallback, bool splitsAtMarks)
    {
        _vocabulary = vocabulary;
        _merger = merger;
        _unknown = unknown;
        _ignoreMerges = ignoreMerges;
        foreach ((string text, int id) in vocabulary.Entries)
        {
            if (Rune.TryGetRuneAt(text.Length > 0 ? text : "\uD800", 0, out Rune rune) && rune.Utf16SequenceLength == text.Length)
                _characterIds[rune.Value] = id;
        }

        // An unknown mark could fuse with an unknown neighbour across the border.
        _splitsAtMarks = splitsAtMarks && !ignoreMerges && _characterIds.ContainsKey(Mark);
        _byteIds = byteFallback ? ByteIds(vocabulary) : null;
    }

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        while (_splitsAtMarks)
        {
            int run = word.IndexOfAnyExcept(Mark);
            int length = run < 0 ? -1 : word[run..].IndexOf(Mark);
            if (length < 0)
                break;
            base.Encode(word[..(run + length)], ids);
            word = word[(run + length)..];
        }

        base.Encode(word, ids);
    }

    protected override void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_ignoreMerges && _vocabulary.TryGet(word, out int whole))
        {
            ids.Add(whole);
            return;
        }

        int[]? rented = null;
        // A UTF-16 char is at most three bytes of UTF-8.
        int most = checked(word.Length * 3);
        Span<int> symbols = most <= OnStack ? stackalloc int[OnStack] : rented = ArrayPool<int>.Shared.Rent(most);
        int count = Symbols(word, symbols);
        ids.AddRange(symbols[.._merger.Merge(symbols[..count])]);
        if (rented is not null)
            ArrayPool<int>.Shared.Return(rented);
    }

    private int Symbols(ReadOnlySpan<char> word, Span<int> symbols)
    {
        int count = 0;
        bool afterUnknown = false;
        foreach (Rune rune in word.EnumerateRunes())
        {
            bool wasUnknown = afterUnknown;
            afterUnknown = false;
            if (_characterIds.TryGetValue(rune.Value, out int id))
            {
                symbols[count++] = id;
            }
            else if (!TryBytes(rune, symbols, ref count))
            {
                if (_unknown is not null && !(wasUnknown && _unknown.Fuse))
                    symbols[count++] = _unknown.Id;
                afterUnknown = true;
            }
        }

        return count;
    }

    private bool TryBytes(Rune rune, Span<int> symbols, ref int count)
    {
        if (_byteIds is null)
            return false;
        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..rune.EncodeToUtf8(bytes)];
        foreach (byte value in bytes)
        {
            if (_byteIds[value] < 0)
                return false;
        }

        foreach (byte value in bytes)
            symbols[count++] = _byteIds[value];
        return true;
    }

    private static int[] ByteIds(Vocabulary vocabulary)
    {
        int[] ids = new int[256];
        for (int b = 0; b < ids.Length; b++)
            ids[b] = vocabulary.TryGet(string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>"), out int id) ? id : -1;
        return ids;
    }
}
