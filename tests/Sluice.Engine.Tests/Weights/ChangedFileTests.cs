using Microsoft.Win32.SafeHandles;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tests.Models;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Weights;

/// <summary>Weights that somebody cuts short, writes to or takes away, before, while and after they are loaded.</summary>
public sealed class ChangedFileTests
{
    private const int Swaps = 20;

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    [InlineData(0.99)]
    public void A_file_that_is_cut_short_while_it_is_open_is_refused_by_name(double part)
    {
        using RandomFolder folder = new(RandomFolder.Odd);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Cut(Weights(folder), (long)(checkpoint.Files[0].FileBytes * part));
        int read = 0, refused = 0;
        foreach (SafetensorsEntry entry in checkpoint.Entries)
        {
            try
            {
                checkpoint.Files[0].Read(entry).Dispose();
                read++;
            }
            catch (ModelFormatException error)
            {
                Assert.Contains("model.safetensors: expected", error.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.Equal(part > 0, read > 0);
        Assert.InRange(refused, 1, read + refused);
        Assert.ThrowsAny<ModelFormatException>(() => Revision(folder));
    }

    [Fact]
    public void A_file_that_is_written_to_while_it_is_loaded_is_refused_though_it_is_as_long_as_before()
    {
        using RandomFolder folder = new(RandomFolder.Odd);
        File.SetLastWriteTimeUtc(Weights(folder), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        checkpoint.RequireUnchanged();
        using (SafeFileHandle file = Write(Weights(folder)))
            RandomAccess.Write(file, "!"u8, checkpoint.Files[0].FileBytes - 1);
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => Revision(folder, checkpoint));
        Assert.Contains("found it written to", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_replaced_while_it_is_loaded_is_read_to_its_end_as_it_was()
    {
        using RandomFolder folder = new(RandomFolder.Odd), other = new(RandomFolder.Odd, seed: 8);
        string before = Revision(folder);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        File.Move(Weights(other), Weights(folder), overwrite: true);
        Assert.Equal(before, Revision(folder, checkpoint));
        Assert.NotEqual(before, Revision(folder));
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void A_model_that_is_loaded_does_not_need_its_files_any_more(string backend)
    {
        using RandomFolder folder = new(RandomFolder.Odd);
        using Model model = folder.Load(backend), twin = folder.Load(backend);
        int[] expected = Bits(twin);
        Cut(Weights(folder), 0);
        File.Delete(Weights(folder));
        Assert.Equal(expected, Bits(model));
    }

    /// <summary>Whatever a load meets, it ends: with a model or with an error that says what is wrong.</summary>
    [Fact]
    public async Task Swaps_under_running_loads_end_none_of_them_otherwise_than_with_a_model_or_a_refusal()
    {
        using RandomFolder folder = new(RandomFolder.Odd);
        byte[] whole = File.ReadAllBytes(Weights(folder));
        string revision = Revision(folder);
        Random random = new(33);
        int loaded = 0, refused = 0, swaps = 0;
        using CancellationTokenSource stop = new();
        Task swapping = Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    Cut(Weights(folder), random.NextInt64(whole.Length));
                    using (SafeFileHandle file = Write(Weights(folder)))
                        RandomAccess.Write(file, whole, 0);
                    Interlocked.Increment(ref swaps);
                }
            }, TestContext.Current.CancellationToken);
        while (Volatile.Read(ref swaps) < Swaps || loaded + refused < Swaps)
        {
            try
            {
                folder.Load("cpu").Dispose();
                loaded++;
            }
            catch (ModelFormatException)
            {
                refused++;
            }
        }

        await stop.CancelAsync();
        await swapping;
        using Model model = folder.Load("cpu");
        Assert.Equal(revision, model.Revision);
        Console.WriteLine($"{swaps} swaps under {loaded + refused} loads: {loaded} models, {refused} refusals");
    }

    private static int[] Bits(Model model) => new GreedyDriver(model).Prefill([1, 2, 3, 4], 4) is { } logits ? [.. logits.Select(x => BitConverter.SingleToInt32Bits(x))] : [];

    private static string Revision(RandomFolder folder, Checkpoint? checkpoint = null) => checkpoint is null
        ? ModelRevision.Compute(folder.Path, WeightFormat.Stored, KvFormat.Float32)
        : ModelRevision.Compute(folder.Path, checkpoint, WeightFormat.Stored, KvFormat.Float32);

    private static string Weights(RandomFolder folder) => Path.Combine(folder.Path, "model.safetensors");

    // Shared with whoever has it open, as a program would that knows nothing of us.
    private static SafeFileHandle Write(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);

    private static void Cut(string path, long length)
    {
        using SafeFileHandle file = Write(path);
        RandomAccess.SetLength(file, length);
    }
}
