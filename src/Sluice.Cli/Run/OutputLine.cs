namespace Sluice.Cli.Run;

/// <summary>A line on its way to the output.</summary>
/// <param name="Number">Of the input line.</param>
/// <param name="Bytes">Its end included.</param>
/// <param name="Failed">An error line.</param>
internal sealed record OutputLine(long Number, byte[] Bytes, bool Failed)
{
    public int PromptTokens { get; init; }

    public int CachedTokens { get; init; }

    public int CompletionTokens { get; init; }
}
