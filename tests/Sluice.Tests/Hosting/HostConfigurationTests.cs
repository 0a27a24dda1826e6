using Microsoft.Extensions.Configuration;
using Sluice.Service;
using Xunit;

namespace Sluice.Tests.Hosting;

public sealed class HostConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_file_of_settings_that_cannot_be_read_is_a_setting_that_cannot_be_used()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "appsettings.json"), """{ "Store": """, TestContext.Current.CancellationToken);
        using ConfigurationManager configuration = new();
        configuration.SetBasePath(_folder);
        SettingException refused = Assert.Throws<SettingException>(() => HostConfiguration.Add(configuration, new SluiceHostOptions()));
        Assert.StartsWith("appsettings.json: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }
}
