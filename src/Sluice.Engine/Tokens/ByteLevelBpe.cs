using System.Buffers;
using System.Text;

namespace Sluice.Engine.Tokens;

/// <summary>Byte-pair encoding over bytes.</summary>
/// <param name="vocabulary">Tokens in the letters of <see cref="ByteLevelAlphabet"/>.</param>
/// <param name="merger">The merges.</param>
/// <param name="unknown">What unknown bytes become; null drops them, as the reference implementation does.</param>
/// <param name="ignoreMerges">Whether a word that is a token as it stands skips the merges.</param>
internal sealed class ByteLevelBpe(Vocabulary vocabulary, BpeMerger merger, UnknownToken? unknown, bool ignoreMerges) : WordModel
{
    private const int OnStack = 256;

    // Id of each byte, -1 where the vocabulary has none.
    private readonly int[] _byteIds = ByteIds(vocabulary);

    protected override void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        byte[]? rented = null;
        int most = Encoding.UTF8.GetMaxByteCount(word.Length);
        Span<byte> bytes = most <= OnStack ? stackalloc byte[OnStack] : rented = ArrayPool<byte>.Shared.Rent(most);
        bytes = bytes[..Encoding.UTF8.GetBytes(word, bytes)];
        if (!(ignoreMerges && TryWhole(bytes, ids)))
            EncodeBytes(bytes, ids);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }

    private bool TryWhole(ReadOnlySpan<byte> bytes, List<int> ids)
    {
        // No token is longer than the word it would have to equal; long words are seldom tokens.
        if (bytes.Length > OnStack)
            return false;
        Span<char> letters = stackalloc char[OnStack];
        for (int i = 0; i < bytes.Length; i++)
            letters[i] = ByteLevelAlphabet.CharOf(bytes[i]);
        if (!vocabulary.TryGet(letters[..bytes.Length], out int id))
            return false;
        ids.Add(id);
        return true;
    }

    private void EncodeBytes(ReadOnlySpan<byte> bytes, List<int> ids)
    {
        int[]? rented = null;
        Span<int> symbols = bytes.Length <= OnStack ? stackalloc int[OnStack] : rented = ArrayPool<int>.Shared.Rent(bytes.Length);
        int count = 0;
        bool afterUnknown = false;
        foreach (byte value in bytes)
        {
            int id = _byteIds[value];
            if (id >= 0)
                symbols[count++] = id;
            else if (unknown is not null && !(afterUnknown && unknown.Fuse))
                symbols[count++] = unknown.Id;
            afterUnknown = id < 0;
        }

        ids.AddRange(symbols[..merger.Merge(symbols[..count])]);
        if (rented is not null)
            ArrayPool<int>.Shared.Return(rented);
    }

    private static int[] ByteIds(Vocabulary vocabulary)
    {
        int[] ids = new int[256];
        for (int b = 0; b < ids.Length; b++)
            ids[b] = vocabulary.TryGet([ByteLevelAlphabet.CharOf((byte)b)], out int id) ? id : -1;
        return ids;
    }
}

/// <summary>The token for what the vocabulary cannot say; fused, a run of it is one.</summary>
internal sealed record UnknownToken(int Id, bool Fuse);
