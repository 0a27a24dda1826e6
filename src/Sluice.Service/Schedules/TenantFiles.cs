using System.Diagnostics.CodeAnalysis;

namespace Sluice.Service.Schedules;

/// <summary>
/// The files of one tenant, below a folder that the operator names. A name leads nowhere else: not by <c>..</c>, not as an absolute path, not through a symbolic link,
/// and not through one that is made between the look and the opening, for what was opened is asked where it is.
/// </summary>
internal sealed class TenantFiles
{
    private const int MaxPath = 1024;
    private const int MaxLinks = 40;

    private readonly string _folder;

    private TenantFiles(string folder) => _folder = folder;

    /// <summary>Null where the service has no folder for files.</summary>
    public static TenantFiles? Of(string? root, string tenant) =>
        root is null ? null : Fault(tenant) is null && !tenant.Contains('/', StringComparison.Ordinal) ? new TenantFiles(Path.Combine(root, tenant)) : throw new ArgumentException($"'{tenant}' cannot name a folder.", nameof(tenant));

    /// <summary>What is wrong with a name, in words, before any disk is asked; null where nothing is.</summary>
    public static string? Fault(string path)
    {
        if (path.Length is 0 or > MaxPath)
        {
            return $"must have 1 to {MaxPath} characters, it has {path.Length}";
        }
        if (path[0] is '/' or '~' || path.Contains('\\', StringComparison.Ordinal) || path.Any(char.IsControl))
        {
            return "must be a relative path with '/' between its parts";
        }
        return path.Split('/').Any(part => part is "" or "." or "..") ? "must not have empty parts, '.' or '..'" : null;
    }

    /// <summary>Opens a file to be read. Throws <see cref="SourceException"/> where there is none, or it is not the tenant's.</summary>
    public FileStream OpenRead(string path)
    {
        string full = Real(path);
        try
        {
            FileStream stream = new(full, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.ReadWrite, Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
            if (IsWithin(Opened(stream) ?? full))
            {
                return stream;
            }
            stream.Dispose();
            throw Outside(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SourceException($"File '{path}' cannot be read: {Reason(failure)}.", failure);
        }
    }

    /// <summary>Where a file of this name is written; its folder is made where it is missing. Throws <see cref="SinkException"/> where it is not the tenant's.</summary>
    public string PlaceFor(string path)
    {
        if (Fault(path) is string fault)
        {
            throw new SinkException($"Path '{path}' {fault}.");
        }
        string target = Path.Combine(_folder, path);
        try
        {
            // Folder by folder, so that none is made beyond a link.
            string at = _folder;
            Directory.CreateDirectory(at);
            foreach (string part in path.Split('/')[..^1])
            {
                at = Path.Combine(at, part);
                if (!IsWithin(Resolve(at)))
                {
                    throw new SinkException(Outside(path).Message);
                }
                Directory.CreateDirectory(at);
            }
            return Path.Combine(Resolve(Path.GetDirectoryName(target)!), Path.GetFileName(target));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SinkException($"File '{path}' cannot be written: {Reason(failure)}.", failure);
        }
    }

    /// <summary>Opens a new file to be written; one that is there already is replaced, never written through. Throws <see cref="SinkException"/> where it would not be the tenant's.</summary>
    /// <param name="place">From <see cref="PlaceFor"/>, or beside it.</param>
    /// <param name="path">As the tenant names it.</param>
    public FileStream Create(string place, string path)
    {
        File.Delete(place);
        FileStream stream = new(place, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous, BufferSize = 1 << 16 });
        string opened = Opened(stream) ?? place;
        if (IsWithin(opened))
        {
            return stream;
        }
        stream.Dispose();
        File.Delete(opened);
        throw new SinkException(Outside(path).Message);
    }

    private string Real(string path)
    {
        if (Fault(path) is string fault)
        {
            throw new SourceException($"Path '{path}' {fault}.");
        }
        try
        {
            string full = Resolve(Path.Combine(_folder, path));
            return IsWithin(full) ? full : throw Outside(path);
        }
        catch (IOException failure)
        {
            throw new SourceException($"File '{path}' cannot be read: {Reason(failure)}.", failure);
        }
    }

    private bool IsWithin(string full) => full.StartsWith(Resolve(_folder) + "/", StringComparison.Ordinal);

    /// <summary>The path with every symbolic link in it followed; parts that do not exist stay as they are.</summary>
    private static string Resolve(string path)
    {
        for (int links = 0; links < MaxLinks; links++)
        {
            if (!TryFollow(path, out string? next))
            {
                return Path.GetFullPath(path);
            }
            path = next;
        }
        throw new IOException("too many symbolic links");
    }

    private static bool TryFollow(string path, [NotNullWhen(true)] out string? next)
    {
        string at = "/";
        string[] parts = Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < parts.Length; i++)
        {
            string here = Path.Combine(at, parts[i]);
            if (new FileInfo(here).LinkTarget is { } target)
            {
                next = Path.Combine([Path.Combine(at, target), .. parts[(i + 1)..]]);
                return true;
            }
            at = here;
        }
        next = null;
        return false;
    }

    /// <summary>Where the kernel says that an open file is; null where it does not.</summary>
    private static string? Opened(FileStream stream) => new FileInfo($"/proc/self/fd/{stream.SafeFileHandle.DangerousGetHandle()}").LinkTarget;

    private static string Reason(Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => "it does not exist",
        UnauthorizedAccessException => "the service has no right to",
        _ => "the disk refuses",
    };

    private static SourceException Outside(string path) => new($"Path '{path}' leads out of the tenant's folder.");
}
