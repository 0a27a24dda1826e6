using System.Globalization;
using Sluice.Tests.Store.Model;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>Random histories of calls, after each of which the store stands as the model does.</summary>
public abstract class ModelContract(StoreHost host, int histories) : StoreContract(host)
{
    private const int Length = 50;

    /// <summary><c>SLUICE_MODEL_HISTORIES=1000</c> for a long run, <c>SLUICE_MODEL_FROM=17</c> for other seeds.</summary>
    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : otherwise;

    [Fact]
    public async Task A_random_history_leaves_the_store_as_it_leaves_the_model()
    {
        int count = Number("SLUICE_MODEL_HISTORIES", histories), from = Number("SLUICE_MODEL_FROM", 1);
        for (int seed = from; seed < from + count; seed++)
        {
            StoreCommand[] history = StoreCommand.History(seed, Length);
            if (await RunAsync(history) is { } difference)
            {
                Assert.Fail($"Seed {seed}: {await ShortestAsync([.. history], difference)}");
            }
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{GetType().Name}: {count} histories of {Length} calls, seeds from {from}"));
    }

    private Task<string?> RunAsync(IEnumerable<StoreCommand> history) => new ModelRun(Host, Token).DifferenceAsync(history);

    /// <summary>Leaves out calls, the last first, as long as some difference remains.</summary>
    private async Task<string> ShortestAsync(List<StoreCommand> history, string difference)
    {
        for (int i = history.Count - 1; i >= 0; i--)
        {
            List<StoreCommand> shorter = [.. history[..i], .. history[(i + 1)..]];
            if (await RunAsync(shorter) is { } still)
            {
                (history, difference) = (shorter, still);
            }
        }
        return difference;
    }
}
