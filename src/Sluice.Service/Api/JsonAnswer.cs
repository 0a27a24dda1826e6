using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Sluice.Service.Api;

/// <summary>A body written with source-generated metadata, its length known before it is sent.</summary>
internal sealed class JsonAnswer<T>(int status, T value, JsonTypeInfo<T> type) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ReadOnlyMemory<byte> bytes = PlainJson.Write(value, type);
        HttpResponse response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = bytes.Length;
        return response.Body.WriteAsync(bytes, httpContext.RequestAborted).AsTask();
    }
}
