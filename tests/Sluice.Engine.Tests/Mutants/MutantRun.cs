using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit;

namespace Sluice.Engine.Tests.Mutants;

/// <summary>Gives a reader one mutant after the other and holds it to its promise: read it or refuse it with a declared error, in little time and memory.</summary>
/// <param name="Time">Most for one; far above what any needs, for the machine may be busy.</param>
/// <param name="Bytes">Most that may be allocated for one.</param>
internal sealed record MutantRun(TimeSpan Time, long Bytes)
{
    public static MutantRun Default { get; } = new(TimeSpan.FromSeconds(5), 64 << 20);

    /// <summary>How many times as many are tried: <c>SLUICE_MUTANTS=50</c> for a long run.</summary>
    public static int Times { get; } = int.TryParse(Environment.GetEnvironmentVariable("SLUICE_MUTANTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int times) ? Math.Max(1, times) : 1;

    /// <param name="what">Named in the report.</param>
    /// <param name="count">How many mutants.</param>
    /// <param name="make">The mutant of a seed.</param>
    /// <param name="read">Reads it; an exception of a declared type is a refusal.</param>
    /// <param name="declared">The errors that may come.</param>
    public void Over(string what, int count, Func<Random, byte[]> make, Action<byte[]> read, params Type[] declared)
    {
        count *= Times;
        int refused = 0;
        long mostBytes = 0;
        TimeSpan longest = TimeSpan.Zero, all = TimeSpan.Zero;
        for (int seed = 0; seed < count; seed++)
        {
            byte[] mutant = make(new Random(seed));
            long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            try
            {
                read(mutant);
            }
            catch (Exception e) when (declared.Any(type => type.IsInstanceOfType(e)))
            {
                refused++;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Assert.Fail($"{what}, seed {seed}: {e}\n{Shown(mutant)}");
            }
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            (all, longest, mostBytes) = (all + took, took > longest ? took : longest, Math.Max(mostBytes, bytes));
            Assert.True(took < Time, $"{what}, seed {seed}: {took} of at most {Time}\n{Shown(mutant)}");
            Assert.True(bytes < Bytes, $"{what}, seed {seed}: {bytes} bytes of at most {Bytes}\n{Shown(mutant)}");
        }
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {count} mutants, {refused} refused, {all.TotalSeconds:0.0} s; longest {longest.TotalMilliseconds:0} ms, most {mostBytes / 1024} kB"));
        // Both happen, else the mutants say nothing.
        Assert.InRange(refused, count / 20, count - 1);
    }

    private static string Shown(byte[] mutant) => mutant.Length > 20_000 ? $"({mutant.Length} bytes)" : $"{Encoding.UTF8.GetString(mutant)}\n{Convert.ToBase64String(mutant)}";
}
