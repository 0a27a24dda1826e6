using Microsoft.Extensions.Configuration;

namespace Sluice.Service;

/// <summary>Where settings come from: appsettings.json, then the environment (<c>SLUICE__QUEUE__HOST</c>), then the command line. Read at start.</summary>
internal static class HostConfiguration
{
    public const string EnvironmentPrefix = "SLUICE__";
    private const string FileSuffix = "_FILE";

    public static void Add(IConfigurationManager configuration, SluiceHostOptions host)
    {
        AddFile(configuration);
        configuration.AddEnvironmentVariables(EnvironmentPrefix);
        configuration.AddInMemoryCollection(host.Settings);
        configuration.AddInMemoryCollection(FromFiles(configuration));
        if (host.Urls is not null)
        {
            configuration.AddInMemoryCollection([new("Urls", host.Urls)]);
        }
    }

    private static void AddFile(IConfigurationManager configuration)
    {
        const string file = "appsettings.json";
        try
        {
            configuration.AddJsonFile(file, optional: true, reloadOnChange: false);
        }
        catch (InvalidDataException exception)
        {
            throw new SettingException($"{file}: {exception.GetBaseException().Message}", exception);
        }
    }

    /// <summary>A setting whose name ends in <c>_FILE</c> names a file that holds the value (a mounted secret); a last line break is not part of it.</summary>
    private static List<KeyValuePair<string, string?>> FromFiles(IConfiguration configuration)
    {
        List<KeyValuePair<string, string?>> read = [];
        foreach ((string key, string? path) in configuration.AsEnumerable())
        {
            if (path is { Length: > 0 } && key.EndsWith(FileSuffix, StringComparison.OrdinalIgnoreCase))
            {
                read.Add(new(key[..^FileSuffix.Length], ReadSecret(key, path)));
            }
        }
        return read;
    }

    private static string ReadSecret(string key, string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\r', '\n');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"{key}: cannot read '{path}': {exception.Message}", exception);
        }
    }
}
