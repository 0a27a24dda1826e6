using System.Diagnostics;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Measuring;

/// <summary>What the machine can do just now, with N threads.</summary>
/// <param name="FmaGflops">float32 multiply-adds, an operation each for the multiplication and the addition.</param>
/// <param name="ByteGops">Products of bytes in 256-bit registers by intrinsics; 0 where there are none.</param>
/// <param name="BFloat16Gflops">Products of bfloat16 by assembled code; 0 where there is none.</param>
/// <param name="Vnni512Gops">Products of bytes in 512-bit registers by assembled code; 0 where there is none.</param>
/// <param name="ReadGbs">Reading memory, 10^9 bytes/s.</param>
public readonly record struct Peaks(double FmaGflops, double ByteGops, double BFloat16Gflops, double Vnni512Gops, double ReadGbs)
{
    /// <summary>The peak of the instructions that attention takes: pairs of bfloat16 where the backend has them and keys and values are kept so, else float32.</summary>
    /// <param name="backend">Its name.</param>
    /// <param name="kv">What keys and values are kept as.</param>
    public double AttentionGflops(string backend, KvFormat kv) =>
        kv == KvFormat.BFloat16 && backend.Contains(CpuBackend.BFloat16Kernels, StringComparison.Ordinal) && !backend.EndsWith(CpuBackend.NoAttentionKernels, StringComparison.Ordinal) ? BFloat16Gflops : FmaGflops;
}

/// <summary>Measures <see cref="Peaks"/> with the threads that kernels run on, by the wall clock or, with one thread, by the processor's time.</summary>
internal sealed unsafe class PeakMeter(int threads, bool processorTime = false) : IDisposable
{
    /// <summary>What measuring reads from: more than caches hold.</summary>
    public const long BufferBytes = 512L << 20;

    private static readonly TimeSpan _each = TimeSpan.FromMilliseconds(40);

    private readonly RowWorkers _workers = new(threads);
    private readonly NativeBuffer _buffer = Touched();
    private readonly NativeBuffer _sink = new(threads * 64L);

    public Peaks Measure() => new(
        Rate(FmaPeakWork.RoundOperations * 200_000L * threads, () => _workers.Run(new FmaPeakWork { Rounds = 200_000, Sink = _sink.Floats })),
        BytePeakWork.IsSupported
            ? Rate(BytePeakWork.RoundOperations * 200_000L * threads, () => _workers.Run(new BytePeakWork { Rounds = 200_000, Sink = _sink.Floats }))
            : 0,
        Assembled(TileKind.BFloat16),
        Assembled(TileKind.Int8),
        Rate(BufferBytes, () => _workers.Run(new ReadWork { Data = _buffer.Data, Bytes = BufferBytes, Sink = _sink.Floats })));

    /// <summary>Seconds since some time before.</summary>
    public static double Clock(bool processorTime) =>
        processorTime ? Environment.CpuUsage.TotalTime.TotalSeconds : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    public void Dispose()
    {
        _workers.Dispose();
        _buffer.Dispose();
        _sink.Dispose();
    }

    private double Assembled(TileKind kind) => AssembledKernels.OfProcess.Tiles(kind) is { } tiles
        ? Rate(TileAssembler.PeakOperations(kind) * 100_000L * threads, () => _workers.Run(new TilePeakWork { Rounds = 100_000, Tiles = tiles }))
        : 0;

    /// <summary>10^9 per second over at least <see cref="_each"/>, after one run that is not counted.</summary>
    private double Rate(long units, Action run)
    {
        run();
        double start = Clock(processorTime);
        int runs = 0;
        do
        {
            run();
            runs++;
        }
        while (Clock(processorTime) - start < _each.TotalSeconds);
        return units * (double)runs / (Clock(processorTime) - start) / 1e9;
    }

    // Pages that were never written are all one page of zeros, which stays in the cache.
    private static NativeBuffer Touched()
    {
        NativeBuffer buffer = new(BufferBytes, clear: false);
        new Span<byte>(buffer.Data, (int)BufferBytes).Fill(1);
        return buffer;
    }
}
