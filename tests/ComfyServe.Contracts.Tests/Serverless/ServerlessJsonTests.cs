using System.Text.Json;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Contracts.Tests.Serverless;

public sealed class ServerlessJsonTests
{
    [Fact]
    public void RouteAnswer_Waiting_HasNoUrlMember()
    {
        var answer = new RouteAnswer { Endpoint = "e", RequestIdx = 101, Status = "1 loading", CallId = "c" };

        var text = JsonSerializer.Serialize(answer, ServerlessJson.Default.RouteAnswer);

        Assert.Equal("""{"endpoint":"e","request_idx":101,"__request_id":"c","status":"1 loading"}""", text);
    }

    [Fact]
    public void WorkerStatus_RecordedMessage_IsRead()
    {
        var status = JsonSerializer.Deserialize(
            """
            {"id":4242,"mtoken":"t","version":"1.1.0","loadtime":6.45,"cur_load":100.0,"rej_load":100.0,"new_load":300.0,"error_msg":"",
             "max_perf":198.55,"cur_perf":300.0,"cur_capacity":0,"max_capacity":0,"num_requests_working":1,"num_requests_recieved":3,
             "additional_disk_usage":0.0018,"working_request_idxs":[102],"url":"http://127.0.0.1:13000","loop_lag_max":0.1,"warnings":["x"]}
            """,
            ServerlessJson.Default.WorkerStatus)!;

        Assert.Equal(4242, status.Id);
        Assert.Equal(198.55, status.MaxPerf);
        Assert.Equal([102], status.WorkingRequestIdxs!);
        Assert.Equal(2, status.Extra!.Count);
        Assert.Null(status.Extension);
    }

    [Theory]
    [InlineData("""{"id":"0","mtoken":"t","version":"1","error_msg":"e","url":"u"}""", 0)]
    [InlineData("""{"id":7.0,"max_perf":"1.5"}""", 7)]
    [InlineData("""{"id":null,"loadtime":null,"working_request_idxs":null}""", 0)]
    public void WorkerStatus_ReducedOrLooseMessage_IsRead(string text, long id)
    {
        var status = JsonSerializer.Deserialize(text, ServerlessJson.Default.WorkerStatus)!;

        Assert.Equal(id, status.Id);
    }

    [Fact]
    public void DeleteRequests_BothForms_AreRead()
    {
        var older = JsonSerializer.Deserialize(
            """{"worker_id":4242,"mtoken":"t","request_idxs":[101,102],"success":true}""", ServerlessJson.Default.DeleteRequests)!;
        var newer = JsonSerializer.Deserialize(
            """
            {"worker_id":4242,"mtoken":"t","requests":[{"request_idx":101,"success":true,"status":"Success",
             "entered_queue_at":1795492508.37,"work_started_at":1795492508.37,"work_completed_at":1795492508.88}]}
            """,
            ServerlessJson.Default.DeleteRequests)!;

        Assert.Equal([101, 102], older.RequestIdxs!);
        Assert.True(older.Success);
        Assert.Equal(EndedStatus.Success, Assert.Single(newer.Requests!).Status);
        Assert.Equal(1795492508.88, newer.Requests![0].WorkCompletedAt);
    }

    [Fact]
    public void EndpointView_NoTimeout_WritesNull()
    {
        var view = new EndpointView { Id = 1, EndpointName = "e", ApiKey = "k", UserId = 1, CreatedAt = 2 };

        var text = JsonSerializer.Serialize(view, ServerlessJson.Default.EndpointView);

        Assert.Contains("\"inactivity_timeout\":null", text, StringComparison.Ordinal);
        Assert.Contains("\"created_at\":2", text, StringComparison.Ordinal);
    }
}
