using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Reference;

/// <summary>Plain loops over float32 with sums in double: slow, and what every other backend is compared with.</summary>
internal sealed unsafe class ReferenceBackend : IBackend
{
    private byte[] _codes = [];
    private float[] _row = []; // (outputs) of a head
    private double[] _weights = []; // (positions) softmax of one row and head
    private float[] _page = []; // one page that is not kept as float32

    public string Name => "reference";

    public long PackedBytes(DataType type, WeightFormat format, int rows, int columns) => ReferenceWeights.Bytes(rows, columns);

    public long ScratchBytes(WeightFormat format, int rows, int inputs) => inputs;

    public void Reserve(WeightFormat format, int rows, int inputs) => _codes = _codes.Length < inputs ? new byte[inputs] : _codes;

    public WeightMatrix Pack(ReadOnlySpan<TensorView> parts, WeightFormat format) => ReferenceWeights.Pack(parts, format);

    public void Embed(int* tokens, WeightMatrix table, Matrix y)
    {
        for (int row = 0; row < y.Rows; row++)
        {
            new ReadOnlySpan<float>(table.Buffer.Floats + ((long)tokens[row] * table.Inputs), table.Inputs).CopyTo(new Span<float>(y.Row(row), table.Inputs));
            for (int i = 0; i < table.Inputs && table.Format == WeightFormat.Int8; i++)
                y.Row(row)[i] *= ReferenceWeights.Scales(table)[tokens[row]];
        }
    }

    public void RmsNorm(Matrix x, float* weight, float eps, Matrix y, WeightMatrix? next = null)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            double sum = 0;
            for (int i = 0; i < x.Columns; i++)
                sum += (double)x.Row(row)[i] * x.Row(row)[i];
            double scale = 1 / Math.Sqrt((sum / x.Columns) + eps);
            for (int i = 0; i < x.Columns; i++)
                y.Row(row)[i] = (float)(x.Row(row)[i] * scale) * weight[i];
        }
    }

    public void AddRmsNorm(Matrix x, Matrix delta, float* weight, float eps, Matrix y, WeightMatrix? next = null)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            for (int i = 0; i < x.Columns; i++)
                x.Row(row)[i] += delta.Row(row)[i];
        }

        RmsNorm(x, weight, eps, y);
    }

    public void MatMul(Matrix x, WeightMatrix weights, Matrix y, bool prepared = false)
    {
        if (weights.Format == WeightFormat.Int8)
        {
            MatMulInt8(x, weights, y);
            return;
        }

        for (int row = 0; row < x.Rows; row++)
        {
            for (int output = 0; output < weights.Outputs; output++)
            {
                float* weight = weights.Buffer.Floats + ((long)output * weights.Inputs);
                double sum = 0;
                for (int i = 0; i < weights.Inputs; i++)
                    sum += (double)x.Row(row)[i] * weight[i];
                y.Row(row)[output] = (float)sum;
            }
        }
    }

    public void Head(Matrix x, WeightMatrix head, Matrix logits, TopLogit* largest)
    {
        MatMul(x.Top(logits.Rows), head, logits);
        if (_row.Length < Matrix.Padded(head.Outputs))
            _row = new float[Matrix.Padded(head.Outputs)];
        fixed (float* row = _row)
        {
            Matrix one = new(row, 1, head.Outputs, _row.Length);
            for (int i = logits.Rows; i < x.Rows; i++)
            {
                MatMul(new Matrix(x.Row(i), 1, x.Columns, x.Stride), head, one);
                TopLogit best = TopLogit.None;
                for (int output = 0; output < head.Outputs; output++)
                    best = row[output] > best.Value ? new TopLogit(output, row[output]) : best;
                largest[i - logits.Rows] = best;
            }
        }
    }

    public void RotateAndStore(StepLayout step, Matrix queries, Matrix keys, Matrix values, KvPages pages, int layer)
    {
        for (int row = 0; row < step.Rows; row++)
        {
            Rotate(step, row, queries);
            Rotate(step, row, keys);
            int slot = step.Positions[row] % StepPlan.PageTokens;
            for (int head = 0; head < pages.KvHeads; head++)
            {
                int column = head * pages.HeadDim;
                pages.Write(layer, step.PageOf(row), head, slot, keys.Row(row) + column, values.Row(row) + column);
            }
        }
    }

    public void Attend(StepLayout step, Matrix queries, KvPages pages, int layer, Matrix y)
    {
        int heads = queries.Columns / pages.HeadDim;
        int longest = 0;
        for (int row = 0; row < step.Rows; row++)
            longest = Math.Max(longest, step.Positions[row] + 1);
        if (_weights.Length < longest)
            _weights = new double[longest];
        if (_page.Length < pages.PageFloats)
            _page = new float[pages.PageFloats];
        fixed (float* room = _page)
        {
            for (int row = 0; row < step.Rows; row++)
            {
                for (int head = 0; head < heads; head++)
                    AttendOne(step, row, head, head / (heads / pages.KvHeads), queries, pages, layer, y, _weights, room);
            }
        }
    }

    public void SiluMultiply(Matrix gate, Matrix up, Matrix y, WeightMatrix? next = null)
    {
        for (int row = 0; row < gate.Rows; row++)
        {
            for (int i = 0; i < gate.Columns; i++)
            {
                float g = gate.Row(row)[i];
                y.Row(row)[i] = g / (1 + MathF.Exp(-g)) * up.Row(row)[i];
            }
        }
    }

    public void Dispose()
    {
    }

    private void MatMulInt8(Matrix x, WeightMatrix weights, Matrix y)
    {
        Reserve(WeightFormat.Int8, x.Rows, weights.Inputs);
        fixed (byte* codes = _codes)
        {
            for (int row = 0; row < x.Rows; row++)
            {
                float scale = Int8Activations.Row(x.Row(row), weights.Inputs, codes);
                for (int output = 0; output < weights.Outputs; output++)
                {
                    float* weight = weights.Buffer.Floats + ((long)output * weights.Inputs);
                    int sum = 0;
                    for (int i = 0; i < weights.Inputs; i++)
                        sum += (codes[i] - Int8Activations.Zero) * (int)weight[i];
                    y.Row(row)[output] = sum * ReferenceWeights.Scales(weights)[output] * scale;
                }
            }
        }
    }

    private static void Rotate(StepLayout step, int row, Matrix x)
    {
        int half = step.HalfDim;
        for (int start = 0; start < x.Columns; start += 2 * half)
        {
            for (int i = 0; i < half; i++)
            {
                float cos = step.Cos[(row * half) + i];
                float sin = step.Sin[(row * half) + i];
                float a = x.Row(row)[start + i];
                float b = x.Row(row)[start + half + i];
                x.Row(row)[start + i] = (a * cos) - (b * sin);
                x.Row(row)[start + half + i] = (b * cos) + (a * sin);
            }
        }
    }

    private static void AttendOne(StepLayout step, int row, int head, int kvHead, Matrix queries, KvPages pages, int layer, Matrix y, double[] weights, float* room)
    {
        int dim = pages.HeadDim;
        float* query = queries.Row(row) + (head * dim);
        float* output = y.Row(row) + (head * dim);
        int last = step.Positions[row];
        int* pageList = step.Pages + step.RowPages[row];
        double max = double.NegativeInfinity;
        for (int position = 0; position <= last; position++)
        {
            float* keys = pages.Read(layer, pageList[position / StepPlan.PageTokens], kvHead, room);
            double dot = 0;
            for (int d = 0; d < dim; d++)
                dot += (double)query[d] * keys[(d * StepPlan.PageTokens) + (position % StepPlan.PageTokens)];
            weights[position] = dot / Math.Sqrt(dim);
            max = Math.Max(max, weights[position]);
        }

        double sum = 0;
        for (int position = 0; position <= last; position++)
        {
            weights[position] = Math.Exp(weights[position] - max);
            sum += weights[position];
        }

        double* totals = stackalloc double[dim];
        for (int position = 0; position <= last; position++)
        {
            float* values = pages.Read(layer, pageList[position / StepPlan.PageTokens], kvHead, room) + (StepPlan.PageTokens * dim);
            for (int d = 0; d < dim; d++)
                totals[d] += weights[position] * values[((position % StepPlan.PageTokens) * pages.ValueStride) + d];
        }

        for (int d = 0; d < dim; d++)
            output[d] = (float)(totals[d] / sum);
    }
}
