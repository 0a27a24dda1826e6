using Sluice.Engine.Backends;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Backends.Reference;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

public sealed unsafe class AssembledKernelTests : IDisposable
{
    /// <summary>Around a line of two or four inputs, a cache line and a panel; none too.</summary>
    public static readonly TheoryData<int> Inputs = [0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000];

    /// <summary>Around a panel of 32 and the groups of two, three and four that few rows take at once; none too.</summary>
    public static readonly TheoryData<int> Outputs = [0, 1, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129, 159, 160, 161];

    // A tile takes 1 to 12 rows; more are tiles of 12 and the rest.
    private static readonly int[] s_rows = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 23, 24, 25, 29, 61];

    private readonly Numbers _numbers = new(5);
    private readonly CpuBackend _cpu = new(2, AssembledKernels.OfProcess, evenSlow: true);
    private readonly ReferenceBackend _truth = new();

    public void Dispose()
    {
        _cpu.Dispose();
        _numbers.Dispose();
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Bytes_give_what_plain_loops_give_to_the_bit(int inputs)
    {
        AssembledHost.Require(TileKind.Int8);
        foreach (int rows in s_rows)
            Assert.Equal(0, Product(_numbers.Matrix(rows, inputs), [_numbers.Tensor(DataType.BFloat16, 70, inputs), _numbers.Tensor(DataType.BFloat16, 97, inputs)], WeightFormat.Int8));
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Pairs_give_what_plain_loops_give_where_rounding_to_bfloat16_changes_nothing(int inputs)
    {
        AssembledHost.Require(TileKind.BFloat16);
        foreach (int rows in s_rows)
        {
            float difference = Product(BFloat16(rows, inputs), [_numbers.Tensor(DataType.BFloat16, 70, inputs), _numbers.Tensor(DataType.BFloat16, 97, inputs)], WeightFormat.Stored);
            Assert.InRange(difference, 0, 1e-6f + (inputs * 2e-7f));
        }
    }

    [Theory]
    [MemberData(nameof(Outputs))]
    public void Products_of_bytes_to_so_many_outputs_are_those_of_plain_loops_to_the_bit(int outputs)
    {
        AssembledHost.Require(TileKind.Int8);
        foreach (int rows in s_rows)
            Assert.Equal(0, Product(_numbers.Matrix(rows, 37), [_numbers.Tensor(DataType.BFloat16, outputs, 37), _numbers.Tensor(DataType.BFloat16, 5, 37)], WeightFormat.Int8));
    }

    [Theory]
    [MemberData(nameof(Outputs))]
    public void Products_of_pairs_to_so_many_outputs_are_those_of_plain_loops(int outputs)
    {
        AssembledHost.Require(TileKind.BFloat16);
        foreach (int rows in s_rows)
        {
            float difference = Product(BFloat16(rows, 37), [_numbers.Tensor(DataType.BFloat16, outputs, 37), _numbers.Tensor(DataType.BFloat16, 5, 37)], WeightFormat.Stored);
            Assert.InRange(difference, 0, 1e-5f);
        }
    }

    [Fact]
    public void Rounded_activations_are_off_by_what_bfloat16_allows()
    {
        AssembledHost.Require(TileKind.BFloat16);
        float difference = Product(_numbers.Matrix(30, 500), [_numbers.Tensor(DataType.BFloat16, 64, 500)], WeightFormat.Stored);
        Assert.InRange(difference, 1e-6f, 0.25f); // 500 products of at most 1, each off by 2^-9 at the most and at random
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 64)]
    [InlineData(2, 8)]
    [InlineData(4, 16)]
    [InlineData(11, 32)]
    [InlineData(12, 48)]
    [InlineData(13, 20)]
    [InlineData(15, 64)]
    [InlineData(16, 96)]
    [InlineData(17, 8)]
    [InlineData(40, 20)]
    [InlineData(129, 48)]
    [InlineData(300, 64)]
    [InlineData(200, 96)]
    public void Attention_is_off_by_what_rounding_queries_and_weights_to_bfloat16_allows(int rows, int headDim)
    {
        AssembledHost.Require(TileKind.BFloat16);
        (StepLayout step, KvPages kv, Matrix queries) = Attention(rows, headDim, 1);
        float difference = Numbers.Difference(Attend(_truth, step, queries, kv), Attend(_cpu, step, queries, kv));
        Assert.InRange(difference, rows < 17 ? 0 : 1e-6f, 0.01f); // values of at most 1; weights each off by 2^-9 at the most, and scores by a few times that
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(300)]
    public void Attention_gives_what_plain_loops_give_where_all_weights_are_the_same(int rows)
    {
        AssembledHost.Require(TileKind.BFloat16);
        (StepLayout step, KvPages kv, Matrix queries) = Attention(rows, 64, 0);
        Assert.InRange(Numbers.Difference(Attend(_truth, step, queries, kv), Attend(_cpu, step, queries, kv)), 0, 2e-6f);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(64)]
    public void Attention_of_a_row_is_the_same_to_the_bit_beside_any_others(int headDim)
    {
        AssembledHost.Require(TileKind.BFloat16);
        (StepLayout step, KvPages kv, Matrix queries) = Attention(150, headDim, 4); // scores that rise far above one another
        Matrix together = Attend(_cpu, step, queries, kv);
        foreach (int row in new[] { 0, 1, 14, 15, 16, 17, 63, 64, 127, 128, 129, 149 })
        {
            StepLayout one = _numbers.Step(row, 1, headDim);
            for (int page = 0; page <= row / 16; page++)
                one.Pages[page] = step.Pages[page];
            Matrix alone = Attend(_cpu, one, new Matrix(queries.Row(row), 1, queries.Columns, queries.Stride), kv);
            Assert.True(new Span<float>(alone.Row(0), alone.Columns).SequenceEqual(new Span<float>(together.Row(row), together.Columns)), $"row {row}");
        }
    }

    [Theory]
    [InlineData(WeightFormat.Stored)]
    [InlineData(WeightFormat.Int8)]
    public void A_row_is_the_same_to_the_bit_beside_any_others(WeightFormat format)
    {
        AssembledHost.Require(format == WeightFormat.Int8 ? TileKind.Int8 : TileKind.BFloat16);
        Matrix x = _numbers.Matrix(150, 577);
        using WeightMatrix weights = _cpu.Pack([_numbers.Tensor(DataType.BFloat16, 1000, 577)], format);
        Matrix alone = _numbers.Matrix(150, 1000);
        for (int row = 0; row < 150; row++)
            _cpu.MatMul(new Matrix(x.Row(row), 1, x.Columns, x.Stride), weights, new Matrix(alone.Row(row), 1, alone.Columns, alone.Stride));
        Matrix together = _numbers.Matrix(150, 1000);
        for (int rows = 1; rows <= 150; rows += rows < 40 ? 1 : 37)
        {
            _cpu.MatMul(x.Top(rows), weights, together);
            Assert.Equal(0, Numbers.Difference(alone.Top(rows), together.Top(rows)));
        }
    }

    [Fact]
    public void Not_a_number_stays_none()
    {
        AssembledHost.Require(TileKind.BFloat16);
        Matrix x = _numbers.Matrix(2, 64);
        x.Row(0)[7] = BitConverter.UInt32BitsToSingle(0x7FFFFFFF);
        using WeightMatrix weights = _cpu.Pack([_numbers.Tensor(DataType.BFloat16, 32, 64)], WeightFormat.Stored);
        Matrix y = _numbers.Matrix(2, 32);
        _cpu.MatMul(x, weights, y);
        Assert.All(y.Span(0).ToArray(), value => Assert.True(float.IsNaN(value)));
        Assert.All(y.Span(1).ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Memory_that_cannot_be_had_is_a_reason_and_no_fault()
    {
        Assert.True(ExecutableMemory.Place([], out string why) is null);
        Assert.StartsWith("mmap: ", why, StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_says_which_kernels_were_assembled()
    {
        Assert.Equal(Name(true), _cpu.Name);
        using IBackend paying = BackendPicker.Create(null, null, 1, assembled: true);
        Assert.Equal(Name(TileSet.Pays(TileKind.BFloat16)), paying.Name);
        using IBackend plain = BackendPicker.Create(null, null, 1, BackendPicker.Switch("off", true));
        Assert.DoesNotContain("assembled", plain.Name, StringComparison.Ordinal);
        Assert.Contains("SLUICE_ASSEMBLED", Assert.Throws<ArgumentException>(() => BackendPicker.Switch("yes", true)).Message, StringComparison.Ordinal);
    }

    private static string Name(bool bfloat16)
    {
        bool pairs = bfloat16 && AssembledKernels.OfProcess.Tiles(TileKind.BFloat16) is not null, bytes = AssembledKernels.OfProcess.Tiles(TileKind.Int8) is not null;
        return $"cpu/{Isa.Name}{(pairs || bytes ? "+assembled" : "")}{(pairs ? "-bf16" : "")}{(bytes ? "-int8" : "")}";
    }

    // Numbers that rounding to bfloat16 leaves as they are.
    private Matrix BFloat16(int rows, int columns)
    {
        Matrix x = _numbers.Matrix(rows, columns);
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < columns; i++)
                x.Row(row)[i] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(x.Row(row)[i]) & 0xFFFF0000);
        }

        return x;
    }

    // Six heads over two, keys of at most so much.
    private (StepLayout Step, KvPages Pages, Matrix Queries) Attention(int rows, int headDim, float keys)
    {
        StepLayout step = _numbers.Step(0, rows, headDim);
        KvPages kv = _numbers.Pages((rows + 15) / 16, 2, headDim, KvFormat.BFloat16);
        Matrix queries = _numbers.Matrix(rows, 6 * headDim), stored = _numbers.Matrix(rows, 2 * headDim);
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < stored.Columns; i++)
                stored.Row(row)[i] *= keys * (row % 37 == 5 ? 4 : 1);
        }

        _truth.RotateAndStore(step, queries, stored, _numbers.Matrix(rows, 2 * headDim), kv, 0);
        return (step, kv, queries);
    }

    private Matrix Attend(IBackend backend, StepLayout step, Matrix queries, KvPages kv)
    {
        Matrix y = _numbers.Matrix(queries.Rows, queries.Columns);
        backend.Attend(step, queries, kv, 0, y);
        return y;
    }

    private float Product(Matrix x, TensorView[] parts, WeightFormat format)
    {
        using WeightMatrix plain = _truth.Pack(parts, format);
        using WeightMatrix packed = _cpu.Pack(parts, format);
        Matrix expected = _numbers.Matrix(x.Rows, plain.Outputs);
        Matrix actual = _numbers.Matrix(x.Rows, packed.Outputs);
        _truth.MatMul(x, plain, expected);
        _cpu.MatMul(x, packed, actual);
        float worst = 0;
        for (int part = 0; part < parts.Length; part++)
            worst = MathF.Max(worst, Numbers.Difference(expected.Slice(plain.Offset(part), plain.Size(part)), actual.Slice(packed.Offset(part), packed.Size(part))));
        return worst;
    }
}
