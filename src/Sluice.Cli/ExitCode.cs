namespace Sluice.Cli;

/// <summary>What every command ends with; scripts rely on the numbers.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>A job did not succeed, a check did not hold, or the command broke off.</summary>
    public const int Failed = 1;

    /// <summary>Arguments or input that cannot be used; nothing was done with them.</summary>
    public const int WrongUsage = 2;

    /// <summary>The service did not answer, or cannot work at present.</summary>
    public const int Unreachable = 3;
}
