using System.Collections.Frozen;
using System.Numerics.Tensors;

namespace Sluice.Service.Cache;

/// <summary>
/// Hashed words, pairs of neighbouring words and character trigrams of each word, L2-normalised. Each feature adds ±1 times its weight at a place that
/// its hash names, so that features which collide cancel on average. Case, punctuation and apostrophes do not count; words that most texts have count less.
/// </summary>
/// <remarks>Dimension, weights and threshold are measured: <c>ops/benchmarks/semantic-cache.md</c>.</remarks>
internal sealed class LexicalEmbedder : IEmbedder
{
    private const float WordWeight = 1f;
    private const float PairWeight = 0.5f;
    private const float TrigramWeight = 0.5f;
    private const float CommonWeight = 0.3f;
    private const int LongestCommon = 9;
    private const uint HashSeed = 2166136261; // FNV-1a, 32 bits
    private const uint TrigramSeed = HashSeed ^ 0x5bd1e995;
    private const uint HashPrime = 16777619;

    private static readonly FrozenSet<string> s_common = GuardWords.Set("""
        a an the and or of to in on for with at by from is are am was were be been do does did have has had i me my we us our you your it its this that
        these those can could will would shall should may might must please kindly hi hello hey dear thanks thank regards best kind good morning evening
        afternoon team support there help if so as not no any some what how why where when who which im ive id dont cant
        """);
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> s_isCommon = s_common.GetAlternateLookup<ReadOnlySpan<char>>();

    public string Id => "lexical-v2";

    public int Dimension => 256;

    public double MinSimilarity => 0.6;

    public float[] Embed(string text)
    {
        float[] vector = new float[Dimension];
        ReadOnlySpan<char> rest = text;
        uint before = 0;
        float beforeWeight = 0;
        while (TakeWord(ref rest, out ReadOnlySpan<char> word))
        {
            float weight = IsCommon(word) ? CommonWeight : 1;
            uint hash = AddWord(vector, word, weight);
            if (before != 0)
            {
                Add(vector, (hash * 31) + before, PairWeight * MathF.Sqrt(weight * beforeWeight));
            }
            (before, beforeWeight) = (hash, weight);
        }
        Normalize(vector);
        return vector;
    }

    /// <summary>The next run of letters, digits and apostrophes.</summary>
    private static bool TakeWord(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> word)
    {
        int from = 0;
        while (from < rest.Length && !IsOfWord(rest[from]))
        {
            from++;
        }
        int end = from;
        while (end < rest.Length && (IsOfWord(rest[end]) || rest[end] is '\'' or '\u2019'))
        {
            end++;
        }
        word = rest[from..end];
        rest = rest[end..];
        return word.Length > 0;
    }

    private static bool IsOfWord(char c) => char.IsLetterOrDigit(c) || char.IsSurrogate(c);

    private static bool IsCommon(ReadOnlySpan<char> word)
    {
        Span<char> plain = stackalloc char[LongestCommon];
        int length = 0;
        foreach (char c in word)
        {
            if (c is '\'' or '\u2019')
            {
                continue;
            }
            if (length == LongestCommon)
            {
                return false;
            }
            plain[length++] = char.ToLowerInvariant(c);
        }
        return s_isCommon.Contains(plain[..length]);
    }

    /// <summary>Adds the word and its trigrams, a space before and behind it; returns its hash.</summary>
    private static uint AddWord(float[] vector, ReadOnlySpan<char> word, float weight)
    {
        uint hash = HashSeed;
        char first = '\0', second = ' ';
        foreach (char raw in word)
        {
            if (raw is '\'' or '\u2019')
            {
                continue;
            }
            char c = char.ToLowerInvariant(raw);
            hash = Mix(hash, c);
            AddTrigram(vector, first, second, c, weight);
            (first, second) = (second, c);
        }
        AddTrigram(vector, first, second, ' ', weight);
        Add(vector, hash, WordWeight * weight);
        return hash;
    }

    private static void AddTrigram(float[] vector, char first, char second, char third, float weight)
    {
        if (first != '\0')
        {
            Add(vector, Mix(Mix(Mix(TrigramSeed, first), second), third), TrigramWeight * weight);
        }
    }

    private static void Add(float[] vector, uint hash, float weight)
    {
        // The last product of FNV-1a leaves its low bits weak: spread them before they choose place and sign.
        hash ^= hash >> 16;
        hash *= 0x85ebca6b;
        hash ^= hash >> 13;
        hash *= 0xc2b2ae35;
        hash ^= hash >> 16;
        vector[hash & 255] += (hash & 256) == 0 ? weight : -weight;
    }

    private static uint Mix(uint hash, char c) => (((hash ^ (uint)(c & 0xFF)) * HashPrime) ^ (uint)(c >> 8)) * HashPrime;

    private static void Normalize(float[] vector)
    {
        float norm = TensorPrimitives.Norm<float>(vector);
        if (norm == 0)
        {
            // No word at all (or perfect cancellation): a fixed unit vector keeps the contract.
            vector[0] = 1;
            return;
        }
        TensorPrimitives.Divide(vector, norm, vector);
    }
}
