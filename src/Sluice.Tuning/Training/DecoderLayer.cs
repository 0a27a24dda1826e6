using System.Numerics;

namespace Sluice.Tuning.Training;

/// <summary>Arrays that layers use one after another on the way back.</summary>
internal sealed class LayerScratch<T>(TrainingShape shape, int rows)
{
    public T[] DNorm { get; } = new T[rows * shape.Hidden];
    public T[] DQ { get; } = new T[rows * shape.Hidden];
    public T[] DK { get; } = new T[rows * shape.KvWidth];
    public T[] DV { get; } = new T[rows * shape.KvWidth];
    public T[] DOutput { get; } = new T[rows * shape.Hidden];
    public T[] DGate { get; } = new T[rows * shape.Intermediate];
    public T[] DUp { get; } = new T[rows * shape.Intermediate];
    public T[] DProduct { get; } = new T[rows * shape.Intermediate];
}

/// <summary>One decoder layer: x + attention(norm(x)), then that + SwiGLU(norm(that)); what the way back needs is kept.</summary>
internal sealed class DecoderLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TrainingShape _shape;
    private readonly Parameters<T> _parameters;
    private readonly Rotary<T> _rotary;
    private readonly CausalAttention<T> _attention;
    private readonly LayerScratch<T> _scratch;
    private readonly int _threads;
    private readonly ParameterTensor _norm1, _q, _k, _v, _o, _norm2, _gate, _up, _down;
    private readonly T[] _normed1, _inverse1, _query, _key, _value, _weights, _mixed, _middle, _normed2, _inverse2, _gated, _raised, _product;

    public DecoderLayer(Parameters<T> parameters, int index, Rotary<T> rotary, LayerScratch<T> scratch, int maxSequences, int maxLength, int threads)
    {
        (_parameters, _shape, _rotary, _scratch, _threads) = (parameters, parameters.Shape, rotary, scratch, threads);
        _attention = new CausalAttention<T>(_shape);
        ParameterTensor Tensor(string name) => parameters[$"model.layers.{index}.{name}.weight"];
        (_norm1, _norm2) = (Tensor("input_layernorm"), Tensor("post_attention_layernorm"));
        (_q, _k, _v, _o) = (Tensor("self_attn.q_proj"), Tensor("self_attn.k_proj"), Tensor("self_attn.v_proj"), Tensor("self_attn.o_proj"));
        (_gate, _up, _down) = (Tensor("mlp.gate_proj"), Tensor("mlp.up_proj"), Tensor("mlp.down_proj"));
        int rows = maxSequences * maxLength;
        T[] Rows(int width) => new T[rows * width];
        Input = Rows(_shape.Hidden);
        (_normed1, _inverse1, _query, _key, _value) = (Rows(_shape.Hidden), Rows(1), Rows(_shape.Hidden), Rows(_shape.KvWidth), Rows(_shape.KvWidth));
        _weights = new T[rows * maxLength * _shape.Heads];
        (_mixed, _middle, _normed2, _inverse2) = (Rows(_shape.Hidden), Rows(_shape.Hidden), Rows(_shape.Hidden), Rows(1));
        (_gated, _raised, _product) = (Rows(_shape.Intermediate), Rows(_shape.Intermediate), Rows(_shape.Intermediate));
    }

    /// <summary>(rows, hidden): written by the layer before.</summary>
    public T[] Input { get; }

    public void Forward(TrainingBatch batch, T[] output)
    {
        int rows = batch.Rows;
        RmsNorm<T>.Forward(Input.AsSpan(0, rows * _shape.Hidden), Value(_norm1), _normed1, _inverse1.AsSpan(0, rows));
        Project(_normed1, _q, _query, rows, false);
        Project(_normed1, _k, _key, rows, false);
        Project(_normed1, _v, _value, rows, false);
        Turn(batch, _query, _shape.Hidden, false);
        Turn(batch, _key, _shape.KvWidth, false);
        _attention.Forward(batch.Sequences, batch.Length, _query, _key, _value, _weights, _mixed, _threads);
        Input.AsSpan(0, rows * _shape.Hidden).CopyTo(_middle);
        Project(_mixed, _o, _middle, rows, true);
        RmsNorm<T>.Forward(_middle.AsSpan(0, rows * _shape.Hidden), Value(_norm2), _normed2, _inverse2.AsSpan(0, rows));
        Project(_normed2, _gate, _gated, rows, false);
        Project(_normed2, _up, _raised, rows, false);
        SwiGlu<T>.Forward(_gated, _raised, _product, rows * _shape.Intermediate, _threads);
        _middle.AsSpan(0, rows * _shape.Hidden).CopyTo(output);
        Project(_product, _down, output, rows, true);
    }

    /// <param name="d">(rows, hidden): gradient of this layer's output, turned into that of its input.</param>
    public void Backward(TrainingBatch batch, T[] d)
    {
        int rows = batch.Rows, wide = rows * _shape.Intermediate, narrow = rows * _shape.Hidden;
        Back(d, _product, _down, _scratch.DProduct, rows, false);
        SwiGlu<T>.Backward(_gated, _raised, _scratch.DProduct, _scratch.DGate, _scratch.DUp, wide, _threads);
        Back(_scratch.DGate, _normed2, _gate, _scratch.DNorm, rows, false);
        Back(_scratch.DUp, _normed2, _up, _scratch.DNorm, rows, true);
        RmsNorm<T>.Backward(_scratch.DNorm.AsSpan(0, narrow), _middle, Value(_norm2), _inverse2.AsSpan(0, rows), d, Gradient(_norm2));
        Back(d, _mixed, _o, _scratch.DOutput, rows, false);
        _attention.Backward(batch.Sequences, batch.Length, _scratch.DOutput, _query, _key, _value, _weights, _scratch.DQ, _scratch.DK, _scratch.DV, _threads);
        Turn(batch, _scratch.DQ, _shape.Hidden, true);
        Turn(batch, _scratch.DK, _shape.KvWidth, true);
        Back(_scratch.DQ, _normed1, _q, _scratch.DNorm, rows, false);
        Back(_scratch.DK, _normed1, _k, _scratch.DNorm, rows, true);
        Back(_scratch.DV, _normed1, _v, _scratch.DNorm, rows, true);
        RmsNorm<T>.Backward(_scratch.DNorm.AsSpan(0, narrow), Input, Value(_norm1), _inverse1.AsSpan(0, rows), d, Gradient(_norm1));
    }

    private Span<T> Value(ParameterTensor tensor) => _parameters.Values.AsSpan(tensor.Offset, tensor.Length);

    private Span<T> Gradient(ParameterTensor tensor) => _parameters.Gradients.AsSpan(tensor.Offset, tensor.Length);

    /// <summary>y (+)= x · Wᵀ.</summary>
    private void Project(T[] x, ParameterTensor w, T[] y, int rows, bool add) =>
        Gemm<T>.Run(rows, w.Rows, w.Columns, new(x, 0, w.Columns, false), new(_parameters.Values, w.Offset, w.Columns, true), y, 0, w.Rows, add, _threads);

    /// <summary>dW += dyᵀ · x and dx (+)= dy · W.</summary>
    private void Back(T[] dy, T[] x, ParameterTensor w, T[] dx, int rows, bool add)
    {
        Gemm<T>.Run(w.Rows, w.Columns, rows, new(dy, 0, w.Rows, true), new(x, 0, w.Columns, false), _parameters.Gradients, w.Offset, w.Columns, true, _threads);
        Gemm<T>.Run(rows, w.Columns, w.Rows, new(dy, 0, w.Rows, false), new(_parameters.Values, w.Offset, w.Columns, false), dx, 0, w.Columns, add, _threads);
    }

    private void Turn(TrainingBatch batch, T[] data, int width, bool back) => Workers.Run(_threads, worker =>
    {
        for (int row = worker; row < batch.Rows; row += _threads)
        {
            _rotary.Turn(data.AsSpan(row * width, width), row % batch.Length, back);
        }
    });
}
