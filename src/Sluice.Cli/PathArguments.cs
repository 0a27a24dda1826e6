using System.CommandLine;

namespace Sluice.Cli;

/// <summary>What names a file or a folder must not be empty: a shell hands that over for a variable that is not set.</summary>
internal static class PathArguments
{
    public static Option<T> NotEmpty<T>(this Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0)) result.AddError(Says(option.Name));
        });
        return option;
    }

    public static Argument<T> NotEmpty<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0)) result.AddError(Says(argument.Name));
        });
        return argument;
    }

    private static string Says(string name) => $"{name}: expected a path, found nothing.";
}
