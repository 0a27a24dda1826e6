using Microsoft.Win32.SafeHandles;

namespace Sluice.Cli.Run;

/// <summary>Opens an output for writing: a new one, or one that a run before has left.</summary>
internal static class ResultsOpener
{
    /// <summary>Wrong usage where the output is there and neither <paramref name="resume"/> nor <paramref name="overwrite"/> says what to do with it.</summary>
    public static void Check(string path, bool resume, bool overwrite)
    {
        if (resume && overwrite) throw CommandFailedException.Usage("--resume and --overwrite: expected one of them, found both.");
        if (!resume && !overwrite && File.Exists(path))
            throw CommandFailedException.Usage($"-o: '{path}' is there already; --resume goes on with it, --overwrite writes it anew.");
        if (Directory.Exists(path)) throw CommandFailedException.Usage($"-o: expected a file, found the folder '{path}'.");
    }

    /// <param name="path">The output.</param>
    /// <param name="run">Fingerprint of the input and the model.</param>
    /// <param name="resume">Keep the lines of this run that are there. An output that is not there is begun.</param>
    /// <param name="after">Told after every step of writing.</param>
    /// <exception cref="CommandFailedException">The output is of another input or model, or of no run.</exception>
    public static async Task<ResultsFile> OpenAsync(string path, ulong run, bool resume, Action<WriteStage>? after, CancellationToken cancellationToken)
    {
        bool goesOn = resume && File.Exists(path);
        Sidecar sidecar = OpenSidecar(path);
        SafeFileHandle? output = null;
        try
        {
            (Covered covered, LineSet done) = goesOn ? await FindAsync(path, run, sidecar, cancellationToken) : (new Covered(run, 0, 0, 0), new LineSet());
            // what the sidecar said of an output that is gone must go before the output begins anew
            if (!goesOn) sidecar.Clear();
            output = File.OpenHandle(path, goesOn ? FileMode.Open : FileMode.Create, FileAccess.Write, FileShare.Read);
            if (goesOn)
            {
                RandomAccess.SetLength(output, covered.OutputBytes);
                RandomAccess.FlushToDisk(output);
            }
            done.Touch();
            (int at, ReadOnlyMemory<byte> bits) = done.TakeChanges();
            sidecar.WriteBits(at, bits.Span);
            sidecar.WriteHeader(covered);
            return new ResultsFile(output, sidecar, covered, done, after);
        }
        catch
        {
            output?.Dispose();
            sidecar.Dispose();
            throw;
        }
    }

    private static Sidecar OpenSidecar(string path)
    {
        try
        {
            return Sidecar.Open(path);
        }
        catch (IOException fault) when (File.Exists(Sidecar.PathOf(path)))
        {
            throw new CommandFailedException(ExitCode.Failed, $"'{Sidecar.PathOf(path)}' cannot be opened: does another run write this output? ({fault.Message})", fault);
        }
    }

    /// <summary>What is done: from the sidecar and the output behind what it covers, where the two agree; else from the whole output.</summary>
    private static async Task<(Covered Covered, LineSet Done)> FindAsync(string path, ulong run, Sidecar sidecar, CancellationToken cancellationToken)
    {
        await using FileStream output = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        if (sidecar.Read() is var (header, known))
        {
            if (header.Run != run) throw Changed(path, "the input, the model or its chat template has changed");
            if (header.OutputBytes <= output.Length && EndsLine(output, header.OutputBytes))
            {
                OutputScan.Found rest = await OutputScan.RunAsync(output, header.OutputBytes, run, known, cancellationToken);
                // behind a checkpoint only a torn write can be alien: it is cut off. Bits without lines, or the reverse, and the sidecar is not believed.
                if (known.Count == header.Lines + rest.Lines)
                    return (new Covered(run, rest.End, header.Lines + rest.Lines, header.Failed + rest.Failed), known);
            }
        }
        LineSet done = new();
        OutputScan.Found all = await OutputScan.RunAsync(output, 0, run, done, cancellationToken);
        if (all.Alien is { } why) throw Changed(path, why);
        if (done.Count != all.Lines) throw Changed(path, "a line is answered twice in it");
        return (new Covered(run, all.End, all.Lines, all.Failed), done);
    }

    private static bool EndsLine(FileStream output, long length)
    {
        if (length == 0) return true;
        output.Position = length - 1;
        return output.ReadByte() == '\n';
    }

    private static CommandFailedException Changed(string path, string why) =>
        CommandFailedException.Usage($"--resume: cannot go on with '{path}': {why}. --overwrite begins anew.");
}
