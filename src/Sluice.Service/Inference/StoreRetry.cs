using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>Waits for a store that is away, so that nothing in hand is dropped for it.</summary>
internal static class StoreRetry
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    /// <summary>Calls until the store answers or the token is cancelled. Only for calls that may be repeated when their answer was lost.</summary>
    public static async Task<T> UntilAnsweredAsync<T>(Func<CancellationToken, Task<T>> call, TimeProvider time, CancellationToken cancellationToken)
    {
        TimeSpan pause = s_first;
        while (true)
        {
            try
            {
                return await call(cancellationToken);
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(pause, time, cancellationToken);
                pause = TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, s_longest.Ticks));
            }
        }
    }

    /// <inheritdoc cref="UntilAnsweredAsync{T}"/>
    public static Task UntilAnsweredAsync(Func<CancellationToken, Task> call, TimeProvider time, CancellationToken cancellationToken) =>
        UntilAnsweredAsync(
            async token =>
            {
                await call(token);
                return true;
            },
            time,
            cancellationToken);
}
