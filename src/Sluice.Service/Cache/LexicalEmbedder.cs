using System.Numerics.Tensors;

namespace Sluice.Service.Cache;

/// <summary>
/// Hashed words and character trigrams, L2-normalised. Each feature adds ±1 times its weight at a place that its hash names,
/// so that features which collide cancel on average. Case and punctuation do not count.
/// </summary>
internal sealed class LexicalEmbedder : IEmbedder
{
    private const float WordWeight = 1f;
    private const float TrigramWeight = 0.5f;
    private const uint HashSeed = 2166136261; // FNV-1a, 32 bits
    private const uint HashPrime = 16777619;

    public string Id => "lexical-v1";

    public int Dimension => 256;

    public float[] Embed(string text)
    {
        float[] vector = new float[Dimension];
        uint word = HashSeed;
        char before = ' ', last = ' ';
        foreach (char raw in text)
        {
            char c = char.IsLetterOrDigit(raw) || char.IsSurrogate(raw) ? char.ToLowerInvariant(raw) : ' ';
            if (c == ' ' && last == ' ')
            {
                continue;
            }
            AddTrigram(vector, before, last, c);
            if (c == ' ')
            {
                Add(vector, word, WordWeight);
                word = HashSeed;
                before = ' ';
            }
            else
            {
                word = Mix(word, c);
                before = last;
            }
            last = c;
        }
        if (last != ' ')
        {
            AddTrigram(vector, before, last, ' ');
            Add(vector, word, WordWeight);
        }
        Normalize(vector);
        return vector;
    }

    private static void AddTrigram(float[] vector, char first, char second, char third)
    {
        if (second != ' ')
        {
            Add(vector, Mix(Mix(Mix(HashSeed ^ 0x5bd1e995, first), second), third), TrigramWeight);
        }
    }

    private static void Add(float[] vector, uint hash, float weight)
    {
        // The last product of FNV-1a leaves its low bits weak: spread them before they choose place and sign.
        hash ^= hash >> 15;
        hash *= 0x2c1b3c6d;
        hash ^= hash >> 12;
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
