using System.Globalization;
using System.Security.Cryptography;
using Sluice.Cli.Models;
using Sluice.Engine;
using Sluice.Engine.Models;
using Sluice.Service.Files;
using Sluice.Service.Models;

namespace Sluice.Cli.Run;

/// <summary>A file of batch lines through one model, without broker and database. Three tasks, each waiting for the next: read, feed the engine, write.</summary>
internal sealed class FileRun(RunOptions options, Terminal terminal)
{
    /// <summary>What a line that waits or runs takes, about: its text, its tokens, its place in the former and in the engine.</summary>
    private const long BytesPerWaitingLine = 4096;

    private readonly RunTotals _totals = new();

    /// <exception cref="CommandFailedException">Wrong usage, a model that does not load, or a run that broke off (its output can be resumed).</exception>
    public async Task<RunReport> RunAsync(CancellationToken cancellationToken)
    {
        CheckFiles();
        await ShowPlanAsync();
        EngineFeed? feed = null;
        await using ModelEngine engine = await LoadAsync(() => feed?.Stepped(), cancellationToken);
        ServedModel model = ModelFolder.Load(engine.Info.Model, options.Model, engine.Info.Revision, terminal.Time);
        ulong run = await Fingerprint.ComputeAsync(options.Input, options.Model, model.Revision, cancellationToken);
        using ResultsFile results = await ResultsOpener.OpenAsync(options.Output, run, options.Resume, options.AfterWrite, cancellationToken);
        if (results.DoneBefore.Count > 0)
            await terminal.Error.WriteLineAsync($"resuming: {results.DoneBefore.Count.ToString("N0", CultureInfo.InvariantCulture)} lines are done");

        OutputQueue output = new(terminal.Time);
        LineAnswerer answerer = new(new OutputLines(Fingerprint.Text(run), model), output, terminal.Time);
        LinePreparer preparer = new(model, FolderTemplate.Load(options.Model), Scope(run), terminal.Time);
        using EngineFeed made = feed = new EngineFeed(engine, options.Window, answerer, _totals, terminal.Time);
        LineFeed lines = new(options.Input, preparer, made, answerer, results.DoneBefore, _totals);

        long start = terminal.Time.GetTimestamp();
        Task work = WorkAsync(lines, made, output, results, cancellationToken);
        await new RunProgress(_totals, new FileInfo(options.Input).Length, terminal).ShowAsync(work);
        await work;
        return RunReport.Of(_totals, results.FailedBefore, terminal.Time.GetElapsedTime(start));
    }

    /// <summary>The first task that fails stops the others; what is finished by then is written, as it is on a cancellation.</summary>
    private async Task WorkAsync(LineFeed lines, EngineFeed engine, OutputQueue output, ResultsFile results, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task writing = Task.Run(() => GuardAsync(() => output.WriteAsync(results, _totals)), CancellationToken.None);
        Task feeding = Task.Run(() => GuardAsync(() => engine.RunAsync(stop.Token)), CancellationToken.None);
        Task reading = Task.Run(() => GuardAsync(() => ReadAsync(stop.Token)), CancellationToken.None);
        try
        {
            await Task.WhenAll(reading, feeding);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            output.Complete();
            await writing;
            throw new CommandFailedException(
                ExitCode.Failed, $"stopped with {_totals.Done.ToString("N0", CultureInfo.InvariantCulture)} lines done; --resume goes on from there");
        }
        finally
        {
            output.Complete();
            await writing;
        }

        async Task ReadAsync(CancellationToken token)
        {
            await lines.RunAsync(token);
            engine.Complete();
        }

        async Task GuardAsync(Func<Task> task)
        {
            try
            {
                await task();
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }
    }

    private void CheckFiles()
    {
        if (!File.Exists(options.Input)) throw CommandFailedException.Usage($"IN: expected a file of batch lines, found none at '{options.Input}'.");
        if (IsPipe(options.Input)) throw CommandFailedException.Usage($"IN: expected a file, which can be read more than once and be resumed; found a pipe at '{options.Input}'.");
        if (new FileInfo(options.Input).Length >= SeenIds.MostBytes) throw CommandFailedException.Usage($"IN: expected less than {SeenIds.MostBytes} bytes, found {new FileInfo(options.Input).Length}.");
        string output = Path.GetFullPath(options.Output);
        if (output == Path.GetFullPath(options.Input)) throw CommandFailedException.Usage($"-o: expected another file than the input, found '{options.Output}'.");
        if (!Directory.Exists(Path.GetDirectoryName(output))) throw CommandFailedException.Usage($"-o: expected a file in a folder that is there, found '{options.Output}'.");
        ResultsOpener.Check(options.Output, options.Resume, options.Overwrite);
    }

    private static bool IsPipe(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return !stream.CanSeek;
    }

    private async Task ShowPlanAsync()
    {
        MemoryPlan plan = KvBudget.Inspect(options.Model, new ModelOptions { KvBytes = options.KvBytes }).Memory;
        long window = options.Window * BytesPerWaitingLine;
        long ids = SeenIds.BytesFor(await EstimateLinesAsync());
        await terminal.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"memory: {Megabytes(plan.TotalBytes + window + ids)} MB = weights {Megabytes(plan.WeightBytes)} + KV {Megabytes(plan.KvBytes)} ({plan.Pages} pages) + arena {Megabytes(plan.ArenaBytes)} + runtime {Megabytes(plan.RuntimeBytes)} + window {Megabytes(window)} + ids {Megabytes(ids)}"));
    }

    /// <summary>As many lines as there would be were all as long as the first ones.</summary>
    private async Task<long> EstimateLinesAsync()
    {
        await using FileStream stream = File.OpenRead(options.Input);
        byte[] start = new byte[1 << 16];
        int read = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false);
        int lines = Math.Max(1, start.AsSpan(0, read).Count((byte)'\n'));
        return read == 0 ? 0 : (long)(lines * (stream.Length / (double)read));
    }

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("N1", CultureInfo.InvariantCulture);

    private Task<ModelEngine> LoadAsync(Action stepped, CancellationToken cancellationToken) => Task.Run(
        () => ModelEngine.Load(options.Model, new EngineOptions
        {
            Name = options.Name,
            Model = new ModelOptions { KvBytes = options.KvBytes, Threads = options.Threads },
            StepObserver = _ => stepped(),
            Clock = terminal.Time,
        }), cancellationToken);

    /// <summary>One owner per run: its lines share prefixes.</summary>
    private static CacheScope Scope(ulong run)
    {
        byte[] hash = SHA256.HashData(BitConverter.GetBytes(run));
        return new CacheScope(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash, sizeof(ulong)));
    }
}
