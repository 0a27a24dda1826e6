namespace Sluice.Engine.Sampling;

/// <summary>Ids ordered by weight, heaviest on top, ties to the lowest id: only as many are sorted as are taken.</summary>
internal sealed class CandidateHeap(int vocabulary)
{
    private readonly int[] _ids = new int[vocabulary]; // (_count): children of i at 2i + 1 and 2i + 2
    private float[] _weights = [];
    private int _count;

    /// <summary>Starts over with every id of positive weight.</summary>
    /// <param name="weights">(vocabulary), read until the last take.</param>
    public void Fill(float[] weights)
    {
        _weights = weights;
        _count = 0;
        for (int id = 0; id < _ids.Length; id++)
        {
            if (weights[id] > 0)
                _ids[_count++] = id;
        }

        for (int i = (_count / 2) - 1; i >= 0; i--)
            Sink(i);
    }

    public bool TryTake(out int id)
    {
        if (_count == 0)
        {
            id = -1;
            return false;
        }

        id = _ids[0];
        _ids[0] = _ids[--_count];
        Sink(0);
        return true;
    }

    private void Sink(int i)
    {
        int[] ids = _ids;
        while ((2 * i) + 1 < _count)
        {
            int child = (2 * i) + 1;
            if (child + 1 < _count && Before(ids[child + 1], ids[child]))
                child++;
            if (!Before(ids[child], ids[i]))
                return;
            (ids[i], ids[child]) = (ids[child], ids[i]);
            i = child;
        }
    }

    private bool Before(int a, int b) => _weights[a] > _weights[b] || (_weights[a] == _weights[b] && a < b);
}
