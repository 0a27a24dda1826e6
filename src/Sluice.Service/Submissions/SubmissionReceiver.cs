using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Files;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>What became of an upload. A closed set: the nested types, no others.</summary>
internal abstract record Received
{
    private Received()
    {
    }

    /// <summary>All lines are durable. With <paramref name="Replayed"/> they were before, under the same key.</summary>
    public sealed record Stored(SubmissionRecord Submission, bool Replayed) : Received;

    /// <summary>There was no line; nothing is stored.</summary>
    public sealed record Empty : Received;

    /// <summary>The key stands for other lines; nothing is stored.</summary>
    public sealed record KeyReused : Received;

    /// <summary>The key's submission is still receiving, or its upload broke off and what came was kept: nothing is stored.</summary>
    public sealed record KeyTaken(SubmissionRecord Submission) : Received;

    /// <summary>A limit is passed: what was received is cancelled, where anything was.</summary>
    public sealed record TooLarge(SubmissionRecord? Submission, string What, long Limit) : Received;

    /// <summary>Somebody ended the submission while its lines came, these or those of an earlier upload under its key.</summary>
    public sealed record Ended(SubmissionRecord Submission) : Received;
}

/// <summary>Reads an upload line by line into the store. Memory is bounded by two chunks and the longest line, whatever the upload's length.</summary>
internal sealed class SubmissionReceiver(ISubmissionStore store, SubmissionSignal signal, IOptions<SubmissionOptions> options, TimeProvider time)
{
    private readonly SubmissionOptions _options = options.Value;

    /// <summary>
    /// Returns when everything is stored. Where the body breaks off, it closes the submission as <see cref="UploadEnd.Incomplete"/> and throws what the body threw.
    /// </summary>
    public async Task<Received> ReceiveAsync(NewSubmission submission, ReadOnlyMemory<byte> settings, Stream body, CancellationToken cancellationToken)
    {
        HashingStream hashed = new(body, settings.Span, _options.MaxBytes);
        LineSplitter lines = new(hashed, _options.MaxLineBytes);
        using StagingArea staging = new(store, signal, submission, _options, time);
        try
        {
            while (await NextAsync(lines, staging, cancellationToken))
            {
                if (lines.Number > _options.MaxLines || hashed.TooLong)
                {
                    return await RefuseAsync(staging, lines.Number > _options.MaxLines);
                }
                if (!lines.TooLong && lines.Line.Span.Trim(" \t\r"u8).IsEmpty)
                {
                    continue;
                }
                if (!await staging.AddAsync(Read(lines), cancellationToken))
                {
                    return await FollowAsync(staging, lines, hashed, cancellationToken);
                }
            }
            return await staging.CloseAsync(hashed.Hash(), (int)lines.Number, cancellationToken) is not { } closed ? new Received.Empty()
                : closed.State == SubmissionState.Cancelled || closed.UploadIncomplete ? new Received.Ended(closed)
                : new Received.Stored(closed, Replayed: false);
        }
        catch (Exception) when (staging.Mine is not null)
        {
            await staging.BreakAsync();
            throw;
        }
    }

    /// <summary>While no line comes, what has come is stored and the submission is kept alive.</summary>
    private async ValueTask<bool> NextAsync(LineSplitter lines, StagingArea staging, CancellationToken cancellationToken)
    {
        ValueTask<bool> next = lines.NextAsync(cancellationToken);
        if (next.IsCompleted)
        {
            return await next;
        }
        Task<bool> waiting = next.AsTask();
        while (true)
        {
            using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (await Task.WhenAny(waiting, Task.Delay(_options.StageAfter, time, over.Token)) == waiting)
            {
                await over.CancelAsync();
                return await waiting;
            }
            await staging.FlushAsync(cancellationToken);
        }
    }

    private StagedLine Read(LineSplitter lines)
    {
        int number = (int)lines.Number;
        if (lines.TooLong)
        {
            return new StagedLine(number, null, null, [new FieldError("", $"A line may have at most {_options.MaxLineBytes} bytes.", "too_long")]);
        }
        RequestErrors errors = new();
        return SubmissionLine.Read(lines.Line, errors, out string? customId) is { } line
            ? new StagedLine(number, lines.Line.ToArray(), line.CustomId)
            : new StagedLine(number, null, customId, errors.All);
    }

    private static async Task<Received> RefuseAsync(StagingArea staging, bool lines)
    {
        SubmissionRecord? refused = staging.Mine is null ? null : await staging.RefuseAsync();
        return lines ? new Received.TooLarge(refused, "lines", staging.Options.MaxLines) : new Received.TooLarge(refused, "bytes", staging.Options.MaxBytes);
    }

    /// <summary>The submission is not this upload's: read on only to see whether it is the same again.</summary>
    private static async Task<Received> FollowAsync(StagingArea staging, LineSplitter lines, HashingStream hashed, CancellationToken cancellationToken)
    {
        if (staging.Other is not { } other)
        {
            return new Received.Ended(staging.Mine!);
        }
        if (other.RequestHash is not { } hash)
        {
            return other is { State: SubmissionState.Cancelled, UploadIncomplete: false } ? new Received.Ended(other) : new Received.KeyTaken(other);
        }
        while (await lines.NextAsync(cancellationToken))
        {
            if (hashed.TooLong)
            {
                return await RefuseAsync(staging, lines: false);
            }
        }
        return hashed.Hash().AsSpan().SequenceEqual(hash) ? new Received.Stored(other, Replayed: true) : new Received.KeyReused();
    }
}
