using System.Globalization;
using System.Net.Http.Headers;
using Spectre.Console;

namespace Sluice.Cli.Jobs;

/// <summary>Sends a file of jobs as one submission, with a bar where a person watches.</summary>
internal static class FileUpload
{
    private static readonly TimeSpan _redraw = TimeSpan.FromMilliseconds(250);

    /// <param name="client">The service.</param>
    /// <param name="file">A job per line, or OpenAI batch lines; <c>-</c> is not read, for a file that ends early must not look whole.</param>
    /// <param name="query">What lines take where they say nothing.</param>
    /// <param name="idempotencyKey">Null for none.</param>
    /// <param name="cancellationToken">Breaks the upload off.</param>
    public static async Task<ServiceAnswer> RunAsync(ServiceClient client, string file, IReadOnlyDictionary<string, string?> query, string? idempotencyKey, CancellationToken cancellationToken)
    {
        await using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        using StreamContent content = new(stream, 1 << 16);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/jsonl");
        string settings = string.Join('&', query.Where(pair => pair.Value is not null).Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value!)}"));
        Task<ServiceAnswer> sending = client.UploadAsync($"v1/submissions{(settings.Length > 0 ? "?" : "")}{settings}", content, idempotencyKey, cancellationToken);
        Terminal terminal = client.Terminal;
        if (!terminal.Interactive || !stream.CanSeek) // a pipe has no length to draw
        {
            return await sending;
        }
        await terminal.Progress().Progress()
            .Columns(new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask("sending", maxValue: Math.Max(1, stream.Length));
                while (!sending.IsCompleted)
                {
                    bar.Value = stream.Position;
                    bar.Description = string.Create(CultureInfo.InvariantCulture, $"{stream.Position / 1e6:N1} of {stream.Length / 1e6:N1} MB sent");
                    await Task.WhenAny(sending, Task.Delay(_redraw, terminal.Time, CancellationToken.None));
                }
            });
        return await sending;
    }
}
