using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Norm of rows, shared out by rows.</summary>
internal unsafe struct RmsNormWork : IWork
{
    public Matrix X;
    public float* Delta; // null, or (rows, columns) of DeltaStride
    public int DeltaStride;
    public float* Weight;
    public float Eps;
    public Matrix Y;
    public RowCoder Coder;

    public readonly void Run(int worker, int workers)
    {
        for (int row = X.Rows * worker / workers; row < X.Rows * (worker + 1) / workers; row++)
        {
            RmsNormKernel.Row(X.Row(row), Delta is null ? null : Delta + ((long)row * DeltaStride), Weight, Eps, Y.Row(row), X.Columns);
            Coder.Row(row, Y.Row(row), X.Columns);
        }
    }
}

/// <summary>Gated activation of rows, shared out by rows.</summary>
internal unsafe struct SiluWork : IWork
{
    public Matrix Gate;
    public Matrix Up;
    public Matrix Y;
    public RowCoder Coder;

    public readonly void Run(int worker, int workers)
    {
        for (int row = Gate.Rows * worker / workers; row < Gate.Rows * (worker + 1) / workers; row++)
        {
            SiluKernel.Row(Gate.Row(row), Up.Row(row), Y.Row(row), Gate.Columns);
            Coder.Row(row, Y.Row(row), Gate.Columns);
        }
    }
}

/// <summary>Rotation and KV write of rows, shared out by rows.</summary>
internal struct RopeWork : IWork
{
    public StepLayout Step;
    public Matrix Queries;
    public Matrix Keys;
    public Matrix Values;
    public KvPages Pages;
    public int Layer;

    public readonly void Run(int worker, int workers)
    {
        for (int row = Step.Rows * worker / workers; row < Step.Rows * (worker + 1) / workers; row++)
            RopeKernel.Row(Step, row, Queries, Keys, Values, Pages, Layer);
    }
}

/// <summary>Rows of a table, shared out by rows.</summary>
internal unsafe struct EmbedWork : IWork
{
    public int* Tokens;
    public WeightMatrix Table;
    public Matrix Y;

    public readonly void Run(int worker, int workers)
    {
        for (int row = Y.Rows * worker / workers; row < Y.Rows * (worker + 1) / workers; row++)
            EmbedKernel.Row(Tokens[row], Table, Y.Row(row));
    }
}
