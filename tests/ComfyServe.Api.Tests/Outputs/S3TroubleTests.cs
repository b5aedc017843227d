using System.Security.Cryptography;
using ComfyServe.Api.Keys;
using ComfyServe.Contracts.Api;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Tests.Outputs;

/// <summary>Object stores that refuse, are slow or break off: the job ends all the same, and tells what happened with each file.</summary>
public sealed class S3TroubleTests
{
    private const string TwoImages = """{"1": {"class_type": "SaveImage", "inputs": {}}, "2": {"class_type": "SaveImage", "inputs": {}}}""";

    [Fact]
    public void Signature_TheSpecsUpload_IsReproduced() => Assert.Equal(
        "1bc58e4c6e2f44086eecdc4cc8b4ad430c460f0f5319092fd233f5c1cab1a4a8",
        SigV4.Signature(
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "PUT", "/my-bucket/abc/x.png",
            [
                ("content-type", "image/png"), ("host", "127.0.0.1:9000"),
                ("x-amz-content-sha256", Convert.ToHexStringLower(SHA256.HashData("hello"u8))), ("x-amz-date", "20260101T000000Z"),
            ],
            Convert.ToHexStringLower(SHA256.HashData("hello"u8)), "20260101T000000Z"));

    [Fact]
    public async Task Upload_AsSent_IsSignedWithTypeAndBody()
    {
        await using var store = await FileServer.StartAsync(static _ => Task.CompletedTask);
        await using var host = await StartAsync(store);

        await host.RunAsync(Workflows.Image, """, "request_id": "abc" """);

        var put = Assert.Single(store.Requests);
        Assert.Equal(("PUT", "/bucket/abc/ComfyUI_00001_.png", "image/png"), (put.Method, put.Path, put.Headers["Content-Type"]));
        Assert.Contains("content-type;", put.Headers["Authorization"], StringComparison.Ordinal);
        Assert.True(SigV4.IsSigned(put, "secret", "us-east-1"));
        Assert.False(SigV4.IsSigned(put, "another", "us-east-1"));
    }

    [Fact]
    public async Task Upload_StoreAnswers500_IsTriedAsOftenAsAskedAndTold()
    {
        await using var store = await FileServer.StartAsync(Status(500));
        await using var host = await StartAsync(store);

        var (status, answer) = await host.RunAsync(Workflows.Image, """, "s3": {"connect_attempts": 2} """);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Contains("the object store answered 500", (string?)answer["output"]![0]!["upload_error"], StringComparison.Ordinal);
        Assert.Equal(2, store.Requests.Count);
    }

    [Fact]
    public async Task Upload_Fails_TheFileIsReachableInTheServicesOwnStore()
    {
        await using var store = await FileServer.StartAsync(Status(403));
        await using var host = await StartAsync(store);

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "request_id": "abc" """);

        var output = answer["output"]![0]!;
        Assert.EndsWith("the file is kept in the service's own store instead", (string?)output["upload_error"], StringComparison.Ordinal);
        var bytes = await File.ReadAllBytesAsync((string)output["local_path"]!, TestContext.Current.CancellationToken);
        Assert.Equal((string?)output["sha256"], Convert.ToHexStringLower(SHA256.HashData(bytes)));
        var (_, later) = await host.GetAsync("/result/abc?url_lifetime=60");
        foreach (var url in new[] { (string)output["url"]!, (string)later["output"]![0]!["url"]! })
        {
            Assert.StartsWith(host.Http.BaseAddress!.ToString(), url, StringComparison.Ordinal);
            Assert.Equal(bytes, await host.Http.GetByteArrayAsync(url, TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("""["main.py"]""", "/workspace/ComfyUI/output/ComfyUI_00001_.png")]
    [InlineData("""["main.py", "--output-directory", "/data/out/"]""", "/data/out/ComfyUI_00001_.png")]
    [InlineData("""["main.py", "--output-directory=/data/out"]""", "/data/out/ComfyUI_00001_.png")]
    [InlineData("""["main.py", "--output-directory", "out"]""", "")] // relative to what is not told
    public async Task Upload_Stored_LocalPathIsTheEngines(string arguments, string expected)
    {
        await using var store = await FileServer.StartAsync(static _ => Task.CompletedTask);
        await using var host = await StartAsync(store);
        host.Engine.Answer = Tells(arguments);

        var (_, answer) = await host.RunAsync(Workflows.Image);

        Assert.Equal(expected, (string?)answer["output"]![0]!["local_path"]);
        Assert.NotNull(answer["output"]![0]!["url"]);
    }

    [Fact]
    public async Task Upload_EngineTellsNoFolders_LocalPathIsBelowTheConfiguredOne()
    {
        await using var store = await FileServer.StartAsync(static _ => Task.CompletedTask);
        await using var host = await StartAsync(store, static o => o.EngineFolder = "/opt/ComfyUI");
        await using var plain = await StartAsync(store);

        Assert.Equal("/opt/ComfyUI/output/ComfyUI_00001_.png", (string?)(await host.RunAsync(Workflows.Image)).Body["output"]![0]!["local_path"]);
        Assert.Equal("", (string?)(await plain.RunAsync(Workflows.Image)).Body["output"]![0]!["local_path"]);
    }

    [Fact]
    public async Task Upload_AHundredHangingStoresOfOneKey_AnotherKeysFilesAreStoredAtOnce()
    {
        await using var store = await FileServer.StartAsync(static context => context.Request.Path.StartsWithSegments("/hang", StringComparison.Ordinal)
            ? Task.Delay(Timeout.Infinite, context.RequestAborted)
            : Task.CompletedTask);
        await using var host = await StartAsync(store, static o =>
        {
            o.ApiKeys = [ApiKey.Parse("ann:ann-key-0123456789"), ApiKey.Parse("bob:bob-key-0123456789")];
            (o.AllowedHosts, o.MaxQueueSize) = (["127.0.0.1"], 300);
        });
        host.Http.DefaultRequestHeaders.Add("X-API-Key", "bob-key-0123456789");
        for (var i = 0; i < 100; i++)
        {
            var hangs = $$$""", "s3": {"endpoint_url": "{{{store.BaseUrl}}}/hang/{{{i}}}", "access_key_id": "k", "secret_access_key": "s", "bucket_name": "b"} """;
            Assert.Equal(202, (await host.SubmitAsync(Workflows.Image, hangs)).Status);
        }

        await store.ReceivedAsync(8);
        host.Http.DefaultRequestHeaders.Clear();
        host.Http.DefaultRequestHeaders.Add("X-API-Key", "ann-key-0123456789");
        var hers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => host.RunAsync(Workflows.Image)));

        Assert.All(hers, static h => Assert.Null(h.Body["output"]![0]!["upload_error"]));
        Assert.Equal(8, store.Requests.Count(static r => r.Path.StartsWith("/hang", StringComparison.Ordinal))); // half of the sixteen
    }

    [Fact]
    public async Task Upload_StoreSlowerThanTheEngines_HoldsFewBuffers()
    {
        const int Jobs = 24;
        const int AtOnce = 16;
        var (now, most) = (0, 0);
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var store = await FileServer.StartAsync(async _ =>
        {
            if (Interlocked.Increment(ref now) is var count && count >= AtOnce)
            {
                full.TrySetResult();
            }

            Interlocked.Exchange(ref most, Math.Max(count, Volatile.Read(ref most)));
            await open.Task;
            Interlocked.Decrement(ref now);
        });
        await using var host = await StartAsync(store);
        for (var i = 0; i < Jobs; i++)
        {
            Assert.Equal(202, (await host.SubmitAsync(Workflows.Image, $""", "request_id": "job{i}" """)).Status);
        }

        await full.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        for (var i = 0; i < Jobs; i++)
        {
            while ((string?)(await host.GetAsync($"/result/job{i}")).Body["status"] != "generated")
            {
                await Task.Delay(20, patience.Token);
            }
        }

        open.SetResult();
        for (var i = 0; i < Jobs; i++)
        {
            Assert.Null((await host.GetAsync($"/result/job{i}?wait=60")).Body["output"]![0]!["upload_error"]);
        }

        Assert.Equal(AtOnce, most);
    }

    [Fact]
    public async Task Upload_StoreAnswers500Once_Succeeds()
    {
        var failures = 1;
        await using var store = await FileServer.StartAsync(context => Status(Interlocked.Decrement(ref failures) >= 0 ? 500 : 200)(context));
        await using var host = await StartAsync(store);

        var (_, answer) = await host.RunAsync(Workflows.Image);

        Assert.Null(answer["output"]![0]!["upload_error"]);
        Assert.NotNull(answer["output"]![0]!["url"]);
    }

    [Fact]
    public async Task Upload_OneFileFails_TheOtherIsStored()
    {
        await using var store = await FileServer.StartAsync(static context => Status(context.Request.Path.Value!.Contains("00002", StringComparison.Ordinal) ? 403 : 200)(context));
        await using var host = await StartAsync(store);

        var (_, answer) = await host.RunAsync(TwoImages);

        Assert.NotNull(answer["output"]![0]!["url"]);
        Assert.NotNull(answer["output"]![1]!["upload_error"]);
    }

    [Fact]
    public async Task Upload_StoreNeverAnswers_EndsWithItsBudget()
    {
        await using var store = await FileServer.StartAsync(static context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var host = await StartAsync(store);

        var (status, answer) = await host.RunAsync(TwoImages, """, "budgets": {"upload": 1} """);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.All(answer["output"]!.AsArray(), o => Assert.StartsWith("not stored within 1 s", (string?)o!["upload_error"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cancel_DuringASlowUpload_EndsTheJob()
    {
        await using var store = await FileServer.StartAsync(static context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var host = await StartAsync(store);
        await host.SubmitAsync(Workflows.Image, """, "request_id": "abc" """);
        await store.ReceivedAsync(1);

        var (status, _) = await host.PostAsync("/cancel/abc", "{}");

        Assert.Equal(200, status);
        Assert.Equal((499, "cancelled"), ((await host.GetAsync("/result/abc")) is var (code, body) ? (code, (string?)body["status"]) : default));
        Assert.Equal(0, (int)(await host.GetAsync("/queue-info")).Body["postprocess_queue_size"]!);
    }

    [Fact]
    public async Task Upload_StoreBreaksOff_IsTold()
    {
        await using var store = await FileServer.StartAsync(static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        await using var host = await StartAsync(store);

        var (status, answer) = await host.RunAsync(Workflows.Image, """, "s3": {"connect_attempts": 1} """);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.StartsWith("the object store cannot be reached", (string?)answer["output"]![0]!["upload_error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_StoreBreaksOffInALaterPart_LeavesNoHalfUploadBehind()
    {
        await using var store = await FileServer.StartAsync(static async context =>
        {
            if (context.Request.Query.ContainsKey("uploads"))
            {
                await context.Response.WriteAsync("<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>k</Key><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
            }
            else if (context.Request.Query["partNumber"] == "2")
            {
                context.Abort();
            }
            else
            {
                context.Response.Headers.ETag = "\"e\"";
            }
        });
        await using var host = await StartAsync(store);
        host.Engine.Answer = static request => request.Path == "/view" ? Results.Bytes(new byte[17 << 20], "application/octet-stream") : null;

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "s3": {"connect_attempts": 1} """);

        Assert.StartsWith("the object store cannot be reached", (string?)answer["output"]![0]!["upload_error"], StringComparison.Ordinal);
        Assert.Contains(store.Requests, r => r.Method == "DELETE" && r.Path.Contains("uploadId=u1", StringComparison.Ordinal));
    }

    private static RequestDelegate Status(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static Func<HttpRequest, IResult?> Tells(string arguments) => request => request.Path.Value switch
    {
        "/internal/folder_paths" => Results.Content("""{"checkpoints": ["/workspace/ComfyUI/models/checkpoints"], "custom_nodes": ["/workspace/ComfyUI/custom_nodes"]}""", "application/json"),
        "/system_stats" => Results.Content($$$"""{"system": {"argv": {{{arguments}}}}, "devices": []}""", "application/json"),
        _ => null,
    };

    private static Task<ApiHost> StartAsync(FileServer store, Action<ApiOptions>? configure = null) => ApiHost.StartAsync(o =>
    {
        o.S3 = new S3Target { AccessKeyId = "key", SecretAccessKey = "secret", BucketName = "bucket", EndpointUrl = store.BaseUrl, Region = "us-east-1" };
        configure?.Invoke(o);
    });
}
