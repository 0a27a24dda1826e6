using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Sluice.Engine.Backends;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sampling;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

/// <summary>A host that does not let memory be made executable: kernels written with intrinsics run, give their own tokens, and it is said why.</summary>
public sealed class RefusedMemoryTests
{
    private const int AccessDenied = 13; // EACCES, what a host that enforces W^X answers

    private static readonly string s_why = $"mprotect: {Marshal.GetPInvokeErrorMessage(AccessDenied)}";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public unsafe void Code_that_may_not_be_executed_is_a_reason_and_its_memory_goes_back()
    {
        byte[] code = new byte[8 << 20];
        nint at = 0;
        string? rights = null;
        bool back = false;
        // Another thread may be given the same addresses at once; memory that is kept stays mapped every time.
        for (int attempt = 0; attempt < 5 && !back; attempt++)
        {
            Assert.True(ExecutableMemory.Place(code, out string why, Refuse) is null);
            Assert.Equal(s_why, why);
            Assert.Equal("rw-", rights);
            back = Rights(at) is null;
        }

        Assert.True(back, "the memory is still mapped");

        int Refuse(void* memory, nuint bytes)
        {
            at = (nint)memory;
            rights = Rights(at);
            Marshal.SetLastPInvokeError(AccessDenied);
            return -1;
        }
    }

    [Fact]
    public unsafe void Code_that_may_be_executed_can_no_longer_be_written()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "The code is that of an x64 processor.");
        Assert.SkipWhen(AssembledHost.ForbidsExecutable, "This host lets no memory be made executable.");
        byte* placed = ExecutableMemory.Place([0xB8, 42, 0, 0, 0, 0xC3], out string why); // mov eax, 42; ret
        Assert.True(placed is not null, why);
        Assert.Equal("", why);
        Assert.Equal("r-x", Rights((nint)placed));
        Assert.Equal(42, ((delegate* unmanaged<int>)placed)());
    }

    [Fact]
    public void A_backend_that_is_refused_is_that_of_intrinsics_and_says_why()
    {
        RequireInstructions();
        AssembledKernels kernels = Refusing();
        CpuBackend refused = new(1, kernels, evenSlow: true);
        using ProfilingBackend around = new(refused);
        Assert.Null(kernels.Tiles(TileKind.BFloat16));
        Assert.Null(kernels.Tiles(TileKind.Int8));
        Assert.Null(kernels.Attention);
        Assert.Equal("cpu/" + Isa.Name, refused.Name);
        Assert.Equal(s_why, refused.Refusal);
        Assert.Equal(s_why, around.Refusal);
        using IBackend unasked = BackendPicker.Create(null, "cpu", 1, assembled: false, evenSlow: false, kernels);
        Assert.Null(unasked.Refusal);
    }

    [Theory]
    [InlineData(WeightFormat.Stored)]
    [InlineData(WeightFormat.Int8)]
    public async Task A_model_that_is_refused_them_gives_the_tokens_of_intrinsics_and_a_warning(WeightFormat format)
    {
        RequireInstructions();
        ModelOptions plain = new() { Backend = "cpu", Threads = 2, Weights = format, Assembled = false, KvBytes = 32 << 20 };
        ModelOptions refused = plain with { Assembled = true, AssembledEvenSlow = true, Kernels = Refusing() };
        Lines said = new(), silent = new();
        (string path, int[][] expected) = await RunAsync(plain, silent);
        (string pathRefused, int[][] found) = await RunAsync(refused, said);
        Assert.Equal("cpu/" + Isa.Name, path);
        Assert.Equal(path, pathRefused);
        Assert.Equal(s_why, ModelInspection.Read(DemoFolders.Model, refused).Refusal);
        string line = Assert.Single(said.Written);
        Assert.StartsWith("Warning 5103 ", line, StringComparison.Ordinal);
        Assert.Contains(s_why, line, StringComparison.Ordinal);
        Assert.Empty(silent.Written);
        Assert.True(expected.Select(ids => string.Join(' ', ids)).Distinct().Count() > 5, "the answers differ from each other");
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], found[i]);
    }

    private static async Task<(string Path, int[][] Tokens)> RunAsync(ModelOptions model, Lines logger)
    {
        await using ModelEngine engine = ModelEngine.Load(DemoFolders.Model, new EngineOptions { Model = model, Logger = logger });
        EngineResult[] results = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => engine.RunAsync(
            new EngineRequest
            {
                Scope = new CacheScope(1, 1),
                Kind = SequenceKind.Generate,
                Prompt = [.. Enumerable.Range(0, 1 + (i % 29)).Select(p => (int)(CounterRandom.Bits(i, p) % 1024))],
                MaxTokens = 12,
                IgnoreEnd = true,
            },
            Cancellation)));
        return (engine.Info.Backend, [.. results.Select(result => result.Tokens)]);
    }

    private static void RequireInstructions()
    {
        bool some = AssembledHost.HasInstructions(TileKind.BFloat16) || AssembledHost.HasInstructions(TileKind.Int8);
        Assert.SkipUnless(some, "This processor, or what is left of it, has nothing that would be assembled.");
        Assert.SkipWhen(Environment.GetEnvironmentVariable(BackendPicker.AssembledVariable) == "off", "Assembled kernels are turned off.");
    }

    private static unsafe AssembledKernels Refusing() => new((_, _) =>
    {
        Marshal.SetLastPInvokeError(AccessDenied);
        return -1;
    });

    /// <summary>"rwx" with a dash for what the memory at an address may not be used for; null where nothing is mapped.</summary>
    private static string? Rights(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int dash = line.IndexOf('-'), space = line.IndexOf(' ');
            ulong from = ulong.Parse(line.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            ulong to = ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (from <= (ulong)address && (ulong)address < to)
                return line.Substring(space + 1, 3);
        }

        return null;
    }

    private sealed class Lines : ILogger
    {
        public ConcurrentQueue<string> Written { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)}");
    }
}
