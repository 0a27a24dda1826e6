using System.Numerics.Tensors;

namespace Sluice.Engine.Sampling;

/// <summary>exp((logit − max) / temperature) per id, 0 for what is not a number, with a sum per block so that a draw walks one block only.</summary>
internal sealed class TokenWeights
{
    private const int Block = 512;

    private readonly double[] _blocks; // (ceil(vocabulary / 512)): sums

    public TokenWeights(int vocabulary)
    {
        Values = new float[vocabulary];
        _blocks = new double[(vocabulary + Block - 1) / Block];
    }

    /// <summary>(vocabulary); the likeliest weighs 1.</summary>
    public float[] Values { get; }

    public double Total { get; private set; }

    /// <param name="logits">(vocabulary); may be <see cref="Values"/> itself.</param>
    /// <param name="max">Largest of them, finite.</param>
    /// <param name="temperature">Above 0.</param>
    public void Set(ReadOnlySpan<float> logits, float max, float temperature)
    {
        TensorPrimitives.Subtract(logits, max, Values);
        TensorPrimitives.Divide(Values, temperature, Values);
        TensorPrimitives.Exp(Values, Values);
        Sum();
        if (!double.IsNaN(Total))
            return;
        for (int id = 0; id < Values.Length; id++)
            Values[id] = float.IsNaN(Values[id]) ? 0 : Values[id];
        Sum();
    }

    /// <summary>The id at this share of the total, in order of ids.</summary>
    /// <param name="share">In [0, 1).</param>
    public int At(double share)
    {
        double target = share * Total;
        double below = 0;
        int block = 0;
        while (block < _blocks.Length - 1 && below + _blocks[block] <= target)
            below += _blocks[block++];
        int last = -1;
        for (int id = block * Block; id < Values.Length; id++)
        {
            if (Values[id] == 0)
                continue;
            last = id;
            below += Values[id];
            if (below > target)
                return id;
        }

        return last >= 0 ? last : Array.FindLastIndex(Values, weight => weight > 0); // the sums were rounded differently
    }

    /// <summary>Takes so much of an id's weight away, at most all of it.</summary>
    public void Lower(int id, double amount)
    {
        float before = Values[id];
        Values[id] = (float)Math.Max(0, before - amount);
        double taken = (double)before - Values[id];
        _blocks[id / Block] -= taken;
        Total -= taken;
    }

    private void Sum()
    {
        Total = 0;
        for (int block = 0; block < _blocks.Length; block++)
        {
            int from = block * Block;
            _blocks[block] = WideSum.Of(Values.AsSpan(from, Math.Min(Block, Values.Length - from)));
            Total += _blocks[block];
        }
    }
}
