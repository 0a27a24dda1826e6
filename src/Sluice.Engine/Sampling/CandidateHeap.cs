using System.Numerics;

namespace Sluice.Engine.Sampling;

/// <summary>Ids ordered by weight, heaviest on top, ties to the lowest id: only those above a cutoff are looked at, and only as many sorted as are taken.</summary>
internal sealed class CandidateHeap(int vocabulary)
{
    private readonly int[] _ids = new int[vocabulary]; // (Count): children of i at 2i + 1 and 2i + 2
    private float[] _weights = [];

    public int Count { get; private set; }

    /// <summary>Sum of the weights that it was filled with.</summary>
    public double Mass { get; private set; }

    /// <summary>Starts over with every id of at least this weight.</summary>
    /// <param name="weights">(vocabulary), read until the last take.</param>
    /// <param name="cutoff">Above 0.</param>
    public void Fill(float[] weights, float cutoff)
    {
        _weights = weights;
        Count = 0;
        Mass = 0;
        Vector<float> cutoffs = new(cutoff);
        int i = 0;
        for (; i + Vector<float>.Count <= vocabulary; i += Vector<float>.Count)
        {
            if (Vector.GreaterThanOrEqualAny(new Vector<float>(weights, i), cutoffs))
                Add(i, i + Vector<float>.Count, cutoff);
        }

        Add(i, vocabulary, cutoff);
        for (i = (Count / 2) - 1; i >= 0; i--)
            Sink(i);
    }

    public bool TryTake(out int id)
    {
        if (Count == 0)
        {
            id = -1;
            return false;
        }

        id = _ids[0];
        _ids[0] = _ids[--Count];
        Sink(0);
        return true;
    }

    private void Add(int from, int to, float cutoff)
    {
        for (int id = from; id < to; id++)
        {
            if (_weights[id] < cutoff)
                continue;
            _ids[Count++] = id;
            Mass += _weights[id];
        }
    }

    private void Sink(int i)
    {
        int[] ids = _ids;
        while ((2 * i) + 1 < Count)
        {
            int child = (2 * i) + 1;
            if (child + 1 < Count && Before(ids[child + 1], ids[child]))
                child++;
            if (!Before(ids[child], ids[i]))
                return;
            (ids[i], ids[child]) = (ids[child], ids[i]);
            i = child;
        }
    }

    private bool Before(int a, int b) => _weights[a] > _weights[b] || (_weights[a] == _weights[b] && a < b);
}
