using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ComfyServe.Contracts.Serverless;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Http;

/// <summary>The answers that several calls give.</summary>
internal static class Answers
{
    /// <summary>The original's error shape.</summary>
    public static IResult Failure(int status, string error, string message, long? id = null) =>
        Json(new FailureAnswer { Error = error, Msg = message, Id = id }, ServerlessJson.Default.FailureAnswer, status);

    /// <summary>400 with every mistake in one sentence.</summary>
    public static IResult Invalid(params IReadOnlyCollection<string> mistakes) =>
        Failure(StatusCodes.Status400BadRequest, "invalid_args", string.Join("; ", mistakes));

    /// <summary>200 with JSON.</summary>
    public static IResult Json<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) =>
        new JsonAnswer<T>(value, type, status);

    /// <summary>200 with JSON that is already written.</summary>
    public static IResult Written(byte[] json) => Results.Bytes(json, "application/json");

    /// <summary>200, done.</summary>
    public static IResult Done() => Json(new SuccessAnswer(), ServerlessJson.Default.SuccessAnswer);

    /// <summary>Writes 200 with JSON; the server sends it when the handler ends. For the one call that is made for every request.</summary>
    public static void Write<T>(HttpResponse response, T value, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, type);
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = json.Length;
        response.BodyWriter.Write(json);
    }
}
