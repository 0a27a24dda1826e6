using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Sluice.Service.Models;

/// <summary>Reads the models when the host starts, so that a folder that cannot be served stops the start and not the first job.</summary>
internal sealed partial class ModelLoading(Lazy<ModelCatalog> catalog, ILogger<ModelLoading> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (ServedModel model in catalog.Value.All)
        {
            LogServed(model.Name, model.Revision, model.ContextLength);
            if (model.TemplateFault is { } fault)
            {
                LogNoChat(model.Name, fault);
            }
        }
        if (catalog.Value.All.Count == 0)
        {
            LogNone();
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1001, LogLevel.Information, "Serving model {Model}, revision {Revision}, {ContextLength} tokens")]
    private partial void LogServed(string model, string revision, int contextLength);

    [LoggerMessage(1003, LogLevel.Warning, "Model {Model} takes prompts only, no messages: {Fault}")]
    private partial void LogNoChat(string model, string fault);

    [LoggerMessage(1002, LogLevel.Warning, "No model is served: every job will be refused (--model NAME=PATH, or the section Models)")]
    private partial void LogNone();
}
