"""What a browser is shown: HTML made on the server, from the same reading and writing as the API.

A page is an async function under its path, a form one under the operation of the contract that it carries out:

    @page("/projects/{project_id:int}/experiments/{experiment_id:int}")
    async def experiment(visit: Visit) -> Response:
        row = await see_experiment(visit.session, visit.project_id, visit.path["experiment_id"])
        return visit.show("experiment.html", experiment=row)

    @form("/projects/{project_id:int}/experiments/{experiment_id:int}/cancel", does="cancel_experiment")
    async def cancel(visit: Visit) -> Response:
        async with visit.write() as session:               # one transaction, with its line of the audit log
            ...
        return visit.go_on(f"/projects/{visit.project_id}/experiments")

What has been done before it runs (`dispatching`): the Host is one of ours, the session's key is looked up and opens the
project in the path, its role is what the operation takes; of a form, that it comes from a page of ours (Origin, and the
session's token). Everything works without scripting: filters are GET parameters, changes are POST and redirect.

Nothing here is imported before somebody looks at a page.
"""
