namespace Sluice.Service.Inference;

/// <summary>Starts work beside the caller, on the scheduler that the caller runs on: the thread pool, but where a caller has a scheduler of its own.</summary>
internal static class Background
{
    public static Task Run(Func<Task> work) => Start(work).Unwrap();

    public static Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(work, cancellationToken, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current);

    private static Task<Task> Start(Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current);
}
