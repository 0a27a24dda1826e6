using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sluice.Engine.Quantization;

namespace Sluice.Service.Models;

/// <summary>Which models this process knows.</summary>
internal static class ModelsServices
{
    /// <param name="builder">Host to add to.</param>
    /// <param name="host">Models named on the command line come after those of the configuration; a stub engine serves the stub model beside them.</param>
    public static IHostApplicationBuilder AddModels(this IHostApplicationBuilder builder, SluiceHostOptions host)
    {
        builder.Services.AddOptions<ModelsOptions>()
            .Configure<IConfiguration>((options, configuration) => options.Models = [.. configuration.GetSection("Models").Get<ModelEntry[]>() ?? [], .. host.Models.Select(Parse)])
            .ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<ModelsOptions>, ModelsOptionsValidator>();
        builder.Services.AddSingleton(services => Load(services.GetRequiredService<IOptions<ModelsOptions>>().Value, host));
        builder.Services.AddSingleton(services => new Lazy<ModelCatalog>(services.GetRequiredService<ModelCatalog>));
        builder.Services.AddHostedService<ModelLoading>();
        return builder;
    }

    private static ModelCatalog Load(ModelsOptions options, SluiceHostOptions host)
    {
        IEnumerable<ServedModel> folders = options.Models.Select(entry => ModelFolder.Load(entry.Name ?? ModelSlug.FromPath(entry.Path!), Path.GetFullPath(entry.Path!), host.Time, WeightFormats.Parse(entry.Dtype), SpeculationSetting.Read(entry), KvFormats.Parse(entry.KvDtype)));
        return new ModelCatalog(host.Engine == EngineKind.Stub ? [.. folders, StubModel.Create()] : folders);
    }

    /// <summary><c>name=path</c> or <c>path</c>.</summary>
    private static ModelEntry Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? new ModelEntry { Path = text } : new ModelEntry { Name = text[..equals], Path = text[(equals + 1)..] };
    }
}
