using System.Numerics;

namespace Sluice.Tuning.Training;

/// <summary>A tensor's place: <c>(rows, columns)</c>, row-major from <paramref name="Offset"/>; a vector has one row.</summary>
internal readonly record struct ParameterTensor(string Name, int Offset, int Rows, int Columns)
{
    public int Length => Rows * Columns;
}

/// <summary>All weights of a model in one array under their checkpoint names, with their gradients beside them.</summary>
internal sealed class Parameters<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Dictionary<string, ParameterTensor> _byName = [];

    public Parameters(TrainingShape shape)
    {
        Shape = shape;
        int length = 0;
        void Add(string name, int rows, int columns)
        {
            ParameterTensor tensor = new(name, length, rows, columns);
            _byName.Add(name, tensor);
            length += tensor.Length;
        }
        Add("model.embed_tokens.weight", shape.Vocabulary, shape.Hidden);
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            string at = $"model.layers.{layer}.";
            Add(at + "input_layernorm.weight", 1, shape.Hidden);
            Add(at + "self_attn.q_proj.weight", shape.Hidden, shape.Hidden);
            Add(at + "self_attn.k_proj.weight", shape.KvWidth, shape.Hidden);
            Add(at + "self_attn.v_proj.weight", shape.KvWidth, shape.Hidden);
            Add(at + "self_attn.o_proj.weight", shape.Hidden, shape.Hidden);
            Add(at + "post_attention_layernorm.weight", 1, shape.Hidden);
            Add(at + "mlp.gate_proj.weight", shape.Intermediate, shape.Hidden);
            Add(at + "mlp.up_proj.weight", shape.Intermediate, shape.Hidden);
            Add(at + "mlp.down_proj.weight", shape.Hidden, shape.Intermediate);
        }
        Add("model.norm.weight", 1, shape.Hidden);
        Values = new T[length];
        Gradients = new T[length];
    }

    public TrainingShape Shape { get; }
    public T[] Values { get; }
    public T[] Gradients { get; }
    public IReadOnlyCollection<ParameterTensor> Tensors => _byName.Values;
    public ParameterTensor this[string name] => _byName[name];

    /// <summary>Normal draws of deviation 1 / sqrt(fan-in), residual outputs scaled down by depth, norms at one; the same seed gives the same weights.</summary>
    public void Initialise(int seed)
    {
        SeededRandom random = new((ulong)seed);
        double residual = 1 / Math.Sqrt(2 * Shape.Layers);
        foreach (ParameterTensor tensor in Tensors)
        {
            bool norm = tensor.Name.EndsWith("norm.weight", StringComparison.Ordinal);
            bool output = tensor.Name.EndsWith("o_proj.weight", StringComparison.Ordinal) || tensor.Name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            double deviation = tensor.Name.StartsWith("model.embed", StringComparison.Ordinal) ? 0.05 : 1 / Math.Sqrt(tensor.Columns) * (output ? residual : 1);
            foreach (ref T value in Values.AsSpan(tensor.Offset, tensor.Length))
            {
                value = norm ? T.One : T.CreateChecked(random.NextNormal() * deviation);
            }
        }
    }
}
