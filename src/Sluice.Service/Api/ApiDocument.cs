using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Sluice.Service.Access;
using Sluice.Service.Submissions;

namespace Sluice.Service.Api;

/// <summary>What the OpenAPI document says beyond the routes' own metadata: title, keys, and the headers of a submit.</summary>
internal sealed class ApiDocument : IOpenApiDocumentTransformer, IOpenApiOperationTransformer
{
    private const string Scheme = "key";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo { Title = "Sluice", Version = "v1", Description = "Batch inference over a queue: submit a job, poll or wait for its answer." };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key, sk_{id}_{secret}." };
        return Task.CompletedTask;
    }

    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<AccessRule>().LastOrDefault() is not { IsOpen: true })
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
        }
        if (operation.OperationId is "submitJob" or "retryJob")
        {
            AddHeader(operation, "Idempotency-Key", "The same key with the same body makes one job; 1 to 255 printable ASCII characters, quoted or bare.");
            AddHeader(operation, "Prefer", "wait=n: answer when the job has ended, or after n seconds, at most 60.");
        }
        else if (operation.OperationId == "submitLines")
        {
            AddHeader(operation, "Idempotency-Key", "The same key with the same lines makes one submission; 1 to 255 printable ASCII characters, quoted or bare.");
            foreach (string name in SubmissionSettings.Names)
            {
                AddQuery(operation, name, name switch
                {
                    "name" => "For people.",
                    "on_broken" => "keep: a broken upload keeps what came, and lines run while others still come; cancel (default): nothing runs before the upload is whole.",
                    _ => $"What lines take as {name} where they say nothing.",
                });
            }
        }
        else if (operation.OperationId is "getSubmissionResults" or "getSubmissionErrors")
        {
            AddQuery(operation, "after", "Only lines after this number.");
            AddQuery(operation, "limit", "Most lines.");
        }
        else if (operation.OperationId == "listSubmissions")
        {
            AddQuery(operation, "state", "Only submissions in this state.");
            AddQuery(operation, "schedule", "Only those of this schedule.");
            AddQuery(operation, "after", "The next of the page before.");
            AddQuery(operation, "limit", "Submissions per page, 1 to 1000; 100.");
        }
        else if (operation.OperationId == "listJobs")
        {
            AddQuery(operation, "state", "Only jobs in this state.");
            AddQuery(operation, "submission", "Only jobs of this submission.");
            AddQuery(operation, "after", "The next of the page before.");
            AddQuery(operation, "limit", "Jobs per page, 1 to 1000; 100.");
        }
        return Task.CompletedTask;
    }

    private static void AddHeader(OpenApiOperation operation, string name, string description) => Add(operation, name, ParameterLocation.Header, description);

    private static void AddQuery(OpenApiOperation operation, string name, string description) => Add(operation, name, ParameterLocation.Query, description);

    private static void Add(OpenApiOperation operation, string name, ParameterLocation location, string description)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter { Name = name, In = location, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
    }
}
